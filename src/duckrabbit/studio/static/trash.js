// The trash: what was deleted, to be taken out again or thrown away for good.

import { ask } from "./api.js";
import { $, closing, el, toast, trying } from "./dom.js";
import { tell } from "./state.js";

/** Into the trash, and out again if that was too quick. */
export async function discard(ids) {
  const gone = await each(ids, "", "DELETE", "gone");
  if (gone.length) toast(gone.length > 1 ? `${gone.length} deleted.` : "Deleted.", { name: "Undo", run: () => each(gone, "/restore", "POST", "returned") });
}

/** Ask for each, and tell of those that it was done with: one that fails holds up no other. */
async function each(ids, path, method, told) {
  const done = [];
  for (const id of ids) if (await trying(() => ask(`/api/pictures/${id}${path}`, { method }))) done.push(id);
  tell(told, done);
  return done;
}

export function openTrash() {
  const dialog = $("#trash");
  const draw = async () => {
    const found = await trying(() => ask("/api/trash"));
    if (!found) return;
    const { pictures, total } = found;
    const restore = async (picture) => {
      await each([picture.id], "/restore", "POST", "returned");
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
