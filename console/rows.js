/** A long list of which only what is in sight is in the page. */

import { h } from "./dom.js";

const AROUND = 8;

export class Rows {
  /** @param {(item: any) => HTMLElement} draw  @param {(item: any) => string} keyOf */
  constructor(label, keyOf, draw) {
    this.element = h("ol", { class: "rows", "aria-label": label });
    this.keyOf = keyOf;
    this.draw = draw;
    this.items = [];
    this.drawn = new Map();
    this.onScroll = () => this.place();
    addEventListener("scroll", this.onScroll, { passive: true });
    addEventListener("resize", this.onScroll);
  }

  end() {
    removeEventListener("scroll", this.onScroll);
    removeEventListener("resize", this.onScroll);
  }

  show(items) {
    this.items = items;
    this.height ??= parseFloat(getComputedStyle(this.element).getPropertyValue("--row")) || 68;
    this.element.style.height = `${items.length * this.height}px`;
    this.place();
  }

  /** Draw what is in sight. A row whose item did not change is left alone, so that focus and pictures stay. */
  place() {
    const top = -this.element.getBoundingClientRect().top;
    const first = Math.max(0, Math.floor(top / this.height) - AROUND);
    const last = Math.min(this.items.length, Math.ceil((top + innerHeight) / this.height) + AROUND);
    const wanted = new Map();
    for (let index = first; index < last; index++) wanted.set(this.keyOf(this.items[index]), index);
    for (const [key, { row }] of this.drawn) {
      if (wanted.has(key)) continue;
      row.remove();
      this.drawn.delete(key);
    }
    for (const [key, index] of wanted) this.placeOne(key, index);
  }

  placeOne(key, index) {
    const item = this.items[index];
    const text = JSON.stringify(item);
    let known = this.drawn.get(key);
    if (known?.text !== text) {
      const row = this.draw(item, known?.row);
      if (known && known.row !== row) known.row.replaceWith(row);
      else if (!known) this.element.append(row);
      known = { row, text };
      this.drawn.set(key, known);
    }
    known.row.setAttribute("aria-posinset", index + 1);
    known.row.setAttribute("aria-setsize", this.items.length);
    known.row.style.setProperty("--at", `${index * this.height}px`);
  }
}
