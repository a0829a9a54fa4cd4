// Elements, toasts and small things of the page.

export const $ = (selector, within = document) => within.querySelector(selector);

/** An element: attributes, properties (with a leading dot), listeners (with a leading "on") and children. */
export function el(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "style") element.style.cssText = value;
    else if (name.startsWith(".")) element[name.slice(1)] = value;
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

/** What closes a dialog. */
export const closing = (dialog) => el("button", { type: "button", class: "icon close", "aria-label": "Close", onclick: () => dialog.close() }, "✕");

const SVG = "http://www.w3.org/2000/svg";

/** A drawing of paths, 24 by 24. */
export function drawing(paths, box = "0 0 24 24") {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", box);
  svg.setAttribute("aria-hidden", "true");
  for (const d of [paths].flat()) {
    const path = document.createElementNS(SVG, "path");
    path.setAttribute("d", d);
    svg.append(path);
  }
  return svg;
}

export function toast(words, action) {
  // What is being said need not be said twice.
  if (!action && [...$("#toasts").children].some((one) => one.textContent === words)) return;
  const shown = el("div", { class: "toast" }, el("span", {}, words));
  const away = () => shown.remove();
  if (action) shown.append(el("button", { type: "button", onclick: () => (away(), action.run()) }, action.name));
  $("#toasts").append(shown);
  // It stays for whoever is about to answer it.
  const stay = () => setTimeout(() => (shown.matches(":hover, :focus-within") ? stay() : away()), action ? 9000 : Math.max(5000, 80 * words.length));
  stay();
}

/** Run something that may fail, and say why it did. */
export async function trying(work) {
  try {
    return await work();
  } catch (error) {
    if (error.name !== "AbortError") toast(error.message);
    return undefined;
  }
}

export function debounced(work, milliseconds) {
  let timer;
  return (...given) => {
    clearTimeout(timer);
    timer = setTimeout(() => work(...given), milliseconds);
  };
}

export const seconds = (value) => (value >= 90 ? `${Math.round(value / 60)} min` : `${Math.max(1, Math.round(value))} s`);

/** A probability in words that don't promise too much. */
export const percent = (value) => (value < 0.01 ? "<1 %" : value > 0.99 ? ">99 %" : `${Math.round(100 * value)} %`);

/** Options of which one is chosen, as chips. */
export function chips(name, label, options, chosen, changed, kind = "chips") {
  return el(
    "fieldset",
    {},
    el("legend", { class: "label" }, label),
    el(
      "div",
      { class: kind },
      options.map((option) =>
        el(
          "label",
          { title: option.what },
          el("input", { type: "radio", name, value: option.value, ".checked": option.value === chosen, onchange: () => changed(option.value) }),
          option.icon ? drawing(option.icon) : null,
          el("span", {}, option.label),
        ),
      ),
    ),
  );
}
