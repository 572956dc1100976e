/** A long list of which only what is in sight is in the page. */

import { h } from "./dom.js";

const AROUND = 8;

export class Rows {
  /**
   * @param {string} label @param {(item: {id: string}, former?: HTMLElement) => HTMLElement} draw
   * @param {AbortSignal} signal when the list is of no interest any more
   */
  constructor(label, draw, signal) {
    this.element = h("ol", { class: "rows", "aria-label": label });
    this.draw = draw;
    this.items = [];
    this.drawn = new Map();
    addEventListener("scroll", () => this.place(), { passive: true, signal });
    addEventListener("resize", () => this.show(this.items), { signal });
  }

  show(items) {
    this.items = items;
    // The style sheet says how high a row is; on a phone it is higher.
    this.height = parseFloat(getComputedStyle(this.element).getPropertyValue("--row"));
    this.element.style.height = `${items.length * this.height}px`;
    this.place();
  }

  /** Draw what is in sight. A row whose item did not change is left alone, so that focus and pictures stay. */
  place() {
    const top = -this.element.getBoundingClientRect().top;
    const first = Math.max(0, Math.floor(top / this.height) - AROUND);
    const last = Math.min(this.items.length, Math.ceil((top + innerHeight) / this.height) + AROUND);
    const wanted = new Set(this.items.slice(first, last).map(({ id }) => id));
    for (const [id, { row }] of this.drawn) {
      if (wanted.has(id)) continue;
      row.remove();
      this.drawn.delete(id);
    }
    for (let index = last - 1; index >= first; index--) this.placeOne(index);
  }

  /** The row after it is drawn already: the page has them in the list's order, and so has who goes by keyboard. */
  placeOne(index) {
    const item = this.items[index];
    const text = JSON.stringify(item);
    let known = this.drawn.get(item.id);
    if (known?.text !== text) {
      const row = this.draw(item, known?.row);
      const isHeld = known?.row.contains(document.activeElement);
      known?.row.remove();
      this.element.insertBefore(row, this.drawn.get(this.items[index + 1]?.id)?.row ?? null);
      if (isHeld) row.querySelector("a")?.focus({ preventScroll: true });
      known = { row, text };
      this.drawn.set(item.id, known);
    }
    known.row.setAttribute("aria-posinset", index + 1);
    known.row.setAttribute("aria-setsize", this.items.length);
    known.row.style.setProperty("--at", `${index * this.height}px`);
  }
}
