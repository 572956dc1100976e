/** Tables, which no first view has. */

import { h } from "./dom.js";

/** A table that can be scrolled sideways. columns: name → "figure" where numbers stand; rows: their cells */
export const table = (columns, rows) => {
  const kinds = Object.values(columns);
  const cell = (tag, child, index) => h(tag, { class: kinds[index] || null, scope: tag === "th" && "col" }, child);
  const head = h(
    "tr",
    {},
    Object.keys(columns).map((name, index) => cell("th", name, index)),
  );
  const body = rows.map((row) =>
    h(
      "tr",
      {},
      row.map((child, index) => cell("td", child, index)),
    ),
  );
  return h("div", { class: "scroll" }, h("table", {}, h("thead", {}, head), h("tbody", {}, body)));
};
