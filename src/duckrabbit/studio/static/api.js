// The studio's API: every request this page makes goes to the address that it came from.

export const SILENT = "The studio does not answer: is it still running?";
const BROKEN_OFF = "The studio's answer broke off: try again.";

export class Problem extends Error {
  constructor(words, status = 0) {
    super(words);
    this.status = status; // 0 where nobody answered
  }
}

/** Ask, and give the JSON answer; throws a Problem with the server's sentence. What only reads is asked again if its answer broke off. */
export async function ask(path, { method = "GET", json, body = json === undefined ? undefined : JSON.stringify(json) } = {}) {
  const headers = json === undefined ? {} : { "Content-Type": "application/json" };
  for (let left = method === "GET" ? 2 : 1; left > 0; left--) {
    const response = await fetch(path, { method, body, headers }).catch(() => null);
    if (!response) throw new Problem(SILENT);
    const answer = await response.json().catch(() => undefined);
    if (!response.ok) throw new Problem(answer?.problem ?? `The studio answered ${response.status}.`, response.status);
    if (answer !== undefined) return answer;
  }
  throw new Problem(BROKEN_OFF);
}

export const query = (values) =>
  new URLSearchParams(Object.entries(values).filter(([, value]) => value !== undefined && value !== null && value !== "")).toString();

const remembered = new Map();

/** Ask once, and remember the answer. */
export function once(path) {
  if (!remembered.has(path)) {
    const answer = ask(path);
    remembered.set(path, answer);
    answer.catch(() => remembered.delete(path));
  }
  return remembered.get(path);
}

export const motionOf = (view, size) => once(`/api/motion?${query({ view, size })}`);
export const fileOf = (id) => `/api/pictures/${id}/file`;

/** An image, once it is there. */
export function loaded(address) {
  return new Promise((resolve, reject) => {
    const image = new Image();
    image.onload = () => resolve(image);
    image.onerror = () => reject(new Problem("The picture can't be shown: it may have been deleted."));
    image.src = address;
  });
}
