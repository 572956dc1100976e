/** Counts over 0–1 as a drawing. */

import { h, svg } from "./dom.js";
import { count, number } from "./words.js";

const WIDE = 200;
const HIGH = 100;

/** Bars; their numbers on hover, and as a table for screen readers. @param {string} label @param {number[]} bins */
export function histogram(label, bins) {
  const most = Math.max(1, ...bins);
  const total = bins.reduce((sum, value) => sum + value, 0);
  const range = (index) => `${(index / bins.length).toFixed(2)}–${((index + 1) / bins.length).toFixed(2)}`;
  const rest = total ? count(total, "image") : "no image yet";
  const output = h("output", { "aria-hidden": "true" }, rest);
  const step = WIDE / bins.length;
  const bars = bins.map((value, index) => {
    const high = value ? Math.max(2, (value / most) * HIGH) : 0.6;
    return svg("rect", { x: index * step + 0.8, y: HIGH - high, width: step - 1.6, height: high, rx: 1 });
  });
  const chart = svg(
    "svg",
    { viewBox: `0 0 ${WIDE} ${HIGH}`, preserveAspectRatio: "none", "aria-hidden": "true" },
    bars,
  );
  const point = ({ clientX }) => {
    const { left, width } = chart.getBoundingClientRect();
    const at = Math.min(bins.length - 1, Math.max(0, Math.floor(((clientX - left) / width) * bins.length)));
    bars.forEach((one, index) => one.classList.toggle("at", index === at));
    output.textContent = `${range(at)}: ${number(bins[at])}`;
  };
  const leave = () => {
    for (const one of bars) one.classList.remove("at");
    output.textContent = rest;
  };
  for (const name of ["pointermove", "pointerdown"]) chart.addEventListener(name, point);
  chart.addEventListener("pointerleave", leave);
  const rows = bins.map((value, index) =>
    h("tr", {}, h("th", { scope: "row" }, range(index)), h("td", {}, number(value))),
  );
  return h(
    "figure",
    { class: "chart" },
    h("figcaption", {}, label, output),
    chart,
    h("div", { class: "axis", "aria-hidden": "true" }, h("span", {}, "0"), h("span", {}, "0.5"), h("span", {}, "1")),
    h("div", { class: "unseen" }, h("table", {}, h("caption", {}, `${label}: images by value`), h("tbody", {}, rows))),
  );
}
