// Small drawings, 24 by 24, in strokes.

export const VIEWS = {
  "rotate-180": ["M5 12a7 7 0 1 1 7 7", "M15 16l-3 3 3 3"],
  flip: ["M12 3v18", "M8 7l4-4 4 4", "M8 17l4 4 4-4"],
  "rotate-90": ["M18 18a8 8 0 0 0-9-12", "M13 3L9 6l3 4"],
  "rotate-90-cw": ["M6 18a8 8 0 0 1 9-12", "M11 3l4 3-3 4"],
  mirror: ["M3 12h18", "M7 8l-4 4 4 4", "M17 8l4 4-4 4"],
  negate: ["M12 4a8 8 0 1 0 .01 0z", "M12 4v16M14 5v14M16 6v12M18 8v8"],
  skew: ["M4 17V9M8 19V8M12 16V5M16 20V9M20 15V7"],
  "patch-permute": ["M4 4h7v7H4zM13 4h7v7h-7zM4 13h7v7H4zM13 13h7v7h-7z", "M7.500 7.500l9 9"],
  "pixel-permute": ["M5 5h2v2H5zM11 4h2v2h-2zM17 6h2v2h-2zM6 11h2v2H6zM12 10h2v2h-2zM18 12h2v2h-2zM4 17h2v2H4zM10 17h2v2h-2zM16 18h2v2h-2z"],
  jigsaw: ["M5 8h4a2.200 2.200 0 1 1 4 0h5v4a2.200 2.200 0 1 0 0 4v4H5z"],
  "inner-circle": ["M4 4h16v16H4z", "M12 7.500a4.500 4.500 0 1 0 .01 0z"],
  "square-hinge": ["M12 3l6 6-6 6-6-6z", "M6 9l-3 6 6 3M18 9l3 6-6 3"],
};

const viewNames = {}; // what each view is called, as the studio says

/** Learn what views are called. */
export const nameViews = (names) => Object.assign(viewNames, names);

export const VIEW_DEEDS = {
  "rotate-180": "Turn it",
  "rotate-90": "Turn it",
  "rotate-90-cw": "Turn it",
  flip: "Turn it over",
  mirror: "Mirror it",
  negate: "Take the negative",
  skew: "Slide it",
  "patch-permute": "Shuffle it",
  "pixel-permute": "Shuffle it",
  jigsaw: "Put it together again",
  "inner-circle": "Turn the disc",
  "square-hinge": "Swing it",
};

/** Views in the order of their drawings. */
export const inOrder = (views) => [...views].sort((a, b) => Object.keys(VIEWS).indexOf(keyword(a)) - Object.keys(VIEWS).indexOf(keyword(b)));

export const keyword = (view) => view.split("+")[0].split(":")[0];
export const viewWords = (view) => view.split("+").map((part) => viewNames[keyword(part)] ?? part).join(" + ");
