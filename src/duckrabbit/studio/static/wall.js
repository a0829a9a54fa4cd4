// The wall that one starts from: illusions that are shipped, proven with the weights of the day, to turn and to remix.

import { ask } from "./api.js";
import { restore } from "./deeds.js";
import { $, el, trying } from "./dom.js";
import { Tile } from "./tile.js";

let page;
let hung = false;

/** The room; `page` is {goTo, choose, build, submit}. */
export function openWall(given) {
  page = given;
}

export async function refreshWall() {
  if (hung) return;
  hung = true;
  const found = await trying(() => ask("/api/wall"));
  if (!found) hung = false;
  else $("#hanging").replaceChildren(...found.pictures.map((tile) => hang(tile).element));
}

function hang(tile) {
  const [first, second] = tile.pair;
  const word = (name, kind) => el("span", { class: `word ${kind}` }, name);
  const remix = el("button", { type: "button", "aria-label": `Remix ${first} and ${second}`, onclick: () => trying(() => restore(page, tile.job)) }, "Remix");
  return new Tile(tile, `/api/wall/${tile.id}/file`, word, [remix]);
}
