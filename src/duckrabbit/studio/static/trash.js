// The trash: what was deleted, to be taken out again or thrown away for good.

import { ask } from "./api.js";
import { $, closing, el, trying } from "./dom.js";

/** `changed()` hears when something was taken out. */
export function openTrash(changed) {
  const dialog = $("#trash");
  const draw = async () => {
    const found = await trying(() => ask("/api/trash"));
    if (!found) return;
    const { pictures, total } = found;
    const restore = async (picture) => {
      await trying(() => ask(`/api/pictures/${picture.id}/restore`, { method: "POST" }));
      changed();
      await draw();
      (dialog.querySelector("li button") ?? dialog.querySelector(".close")).focus();
    };
    const empty = el("button", { type: "button", class: "empty-trash", hidden: !total }, "Empty the trash");
    // Said twice, for it can't be undone.
    empty.addEventListener("click", () => {
      if (empty.dataset.sure) trying(async () => (await ask("/api/trash", { method: "DELETE" }), draw()));
      else [empty.textContent, empty.dataset.sure] = [`Throw ${total} away for good`, "yes"];
    });
    dialog.replaceChildren(
      el("div", { class: "ways" }, el("h2", { id: "trash-title" }, "Trash"), closing(dialog)),
      total ? el("ul", { class: "thrown" }, pictures.map((picture) => item(picture, restore))) : el("p", { class: "quiet-text" }, "Nothing is thrown away."),
      total > pictures.length ? el("p", { class: "quiet-text" }, `and ${total - pictures.length} more`) : "",
      empty,
    );
  };
  draw().then(() => dialog.open || dialog.showModal());
}

function item(picture, restore) {
  const words = picture.prompts.join(" · ") || picture.verb;
  return el("li", {}, el("img", { src: `/api/trash/${picture.id}/file`, alt: "", width: 64, height: 64, loading: "lazy" }), el("p", {}, words), el("button", { type: "button", "aria-label": `Restore ${words}`, onclick: () => restore(picture) }, "Restore"));
}
