/** Counts over 0–1 as a drawing. */

import { h, svg } from "./dom.js";
import { count, number } from "./words.js";

const WIDE = 200;
const HIGH = 100;

/** Bars; their numbers under the pointer or by arrow keys, and as a table for screen readers. @param {string} label @param {number[]} bins */
export function histogram(label, bins) {
  const most = Math.max(1, ...bins);
  const total = bins.reduce((sum, value) => sum + value, 0);
  const range = (index) => `${(index / bins.length).toFixed(2)}–${((index + 1) / bins.length).toFixed(2)}`;
  const rest = total ? count(total, "image") : "no image yet";
  const output = h("output", {}, rest);
  const wide = WIDE / bins.length;
  const bars = bins.map((value, index) => {
    const high = value ? Math.max(2, (value / most) * HIGH) : 0.6;
    return svg("rect", { x: index * wide + 0.8, y: HIGH - high, width: wide - 1.6, height: high, rx: 1 });
  });
  const chart = svg(
    "svg",
    {
      viewBox: `0 0 ${WIDE} ${HIGH}`,
      preserveAspectRatio: "none",
      role: "img",
      "aria-label": `${label}: a histogram. Arrow keys tell each bar`,
      tabindex: 0,
    },
    bars,
  );
  let shown = -1;
  const show = (at) => {
    shown = at;
    bars.forEach((one, index) => one.classList.toggle("at", index === at));
    output.textContent = at < 0 ? rest : `${range(at)}: ${number(bins[at])}`;
  };
  const clamped = (at) => Math.min(bins.length - 1, Math.max(0, at));
  const point = ({ clientX }) => {
    const { left, width } = chart.getBoundingClientRect();
    show(clamped(Math.floor(((clientX - left) / width) * bins.length)));
  };
  const step = (event) => {
    const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!by) return;
    event.preventDefault();
    show(clamped(shown + by));
  };
  for (const name of ["pointermove", "pointerdown"]) chart.addEventListener(name, point);
  for (const name of ["pointerleave", "blur"]) chart.addEventListener(name, () => show(-1));
  chart.addEventListener("keydown", step);
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
