/** How good a project's images are, and the job that scores them. */

import { bar, h, notice, svg, working } from "./dom.js";
import { may, api, qualityJob, askForKey } from "./session.js";
import { CATEGORIES, METRICS, STATUS, count, duration, issueName, number, size, spoken } from "./words.js";

const WIDE = 200;
const HIGH = 100;

/** Counts over 0–1 as bars; the numbers on hover, and as a table for screen readers. */
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
  const chart = svg("svg", { viewBox: `0 0 ${WIDE} ${HIGH}`, preserveAspectRatio: "none", "aria-hidden": "true" }, bars);
  const at = (event) => {
    const index = Math.min(bins.length - 1, Math.max(0, Math.floor(((event.clientX - chart.getBoundingClientRect().left) / chart.getBoundingClientRect().width) * bins.length)));
    bars.forEach((one, other) => one.classList.toggle("at", other === index));
    output.textContent = `${range(index)}: ${number(bins[index])}`;
  };
  chart.addEventListener("pointermove", at);
  chart.addEventListener("pointerleave", () => {
    for (const one of bars) one.classList.remove("at");
    output.textContent = rest;
  });
  const rows = bins.map((value, index) => h("tr", {}, h("th", { scope: "row" }, range(index)), h("td", {}, number(value))));
  return h(
    "figure",
    { class: "chart" },
    h("figcaption", {}, label, output),
    chart,
    h("div", { class: "axis", "aria-hidden": "true" }, h("span", {}, "0"), h("span", {}, "0.5"), h("span", {}, "1")),
    h("div", { class: "unseen" }, h("table", {}, h("caption", {}, `${label}: images by value`), h("tbody", {}, rows))),
  );
}

/** Names with counts, as bars that lead somewhere. */
const ranking = (rows, total) =>
  h(
    "div",
    { class: "ranks" },
    rows.map(([label, value, href, grade]) => h("a", { class: "rank", href }, h("span", {}, label), bar(value / Math.max(1, total), label, number(value), grade), h("span", {}, number(value)))),
  );

function overview(statistics, project) {
  const issues = Object.entries(statistics.issues).sort((a, b) => b[1] - a[1]);
  const to = (query) => `#/${encodeURIComponent(project)}/gallery?${new URLSearchParams(query)}`;
  const figure = (value, label) => h("div", {}, h("div", { class: "big" }, value), h("div", { class: "soft small" }, label));
  const unscored = statistics.assets - Object.values(statistics.category).reduce((sum, value) => sum + value, 0);
  return [
    h("section", { class: "sheet numbers" }, figure(number(statistics.assets), "images"), figure(size(statistics.bytes), "of originals"), figure(number(unscored), "without a score"), Object.entries(statistics.status).map(([status, value]) => figure(number(value), STATUS[status]?.toLowerCase() ?? spoken(status)))),
    h(
      "div",
      { class: "split" },
      h("section", { class: "sheet stack tight" }, h("h2", {}, "Issues"), issues.length ? ranking(issues.map(([issue, value]) => [issueName(issue), value, to({ issue }), "bad"]), statistics.assets) : h("p", { class: "soft" }, "None found.")),
      h("section", { class: "sheet stack tight" }, h("h2", {}, "Suitability for annotation"), ranking(Object.keys(CATEGORIES).map((name) => [CATEGORIES[name].split(" ")[0], statistics.category[name] ?? 0, to({ category: name }), { high: "good", medium: "fair", low: "bad" }[name]]), statistics.assets)),
    ),
    h("section", { class: "stack tight", "aria-label": "Distributions" }, h("h2", {}, "How the values are spread"), h("div", { class: "charts" }, Object.entries(METRICS).filter(([metric]) => statistics.histograms[metric]).map(([metric, label]) => histogram(label, statistics.histograms[metric])))),
  ];
}

export async function view(place, { project }) {
  const job = qualityJob(project);
  const panel = h("section", { class: "sheet stack", "aria-label": "Quality job" });
  const said = h("div");
  const shown = h("div", { class: "stack" });
  place.append(h("div", { class: "head" }, h("div", {}, h("h1", {}, "Quality"), h("p", {}, "Each image is scored when it comes in. A job scores those that lack a score, or all of them."))), h("div", { class: "stack" }, panel, said, shown));

  const field = (name, label, attributes) => h("label", {}, label, h("input", { name, type: "number", ...attributes }));
  const batch = field("batch_size", "Images in a batch (1–50)", { min: 1, max: 50, value: 50 });
  const delay = field("delay_ms", "Pause between batches (ms)", { min: 0, max: 30_000, value: 0, step: 100 });
  const all = h("input", { type: "checkbox", name: "all" });
  const start = h("button", { class: "primary", type: "submit" }, "Start");
  const look = h("button", { type: "button" }, "What would it do?");
  const form = h("form", { class: "stack" }, h("div", { class: "fields" }, batch, delay, h("label", { class: "inline" }, all, "Also those that have a score")), h("div", { class: "actions" }, start, look));
  const options = () => ({ batch_size: batch.querySelector("input").value, delay_ms: delay.querySelector("input").value, only_missing: !all.checked });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    working(start, said, () => job.start(options()));
  });
  look.addEventListener("click", () =>
    working(look, said, async () => {
      const { total_images, batches, expected_s, sample } = await job.forecast(options());
      const failing = sample.would_fail.length ? `Of ${number(sample.size)} looked at, ${number(sample.would_fail.length)} would fail.` : `The ${number(sample.size)} looked at are all fine.`;
      const text = total_images ? `${count(total_images, "image")} in ${count(batches, "batch", "batches")}, in about ${duration(expected_s)}. ${failing}` : "Every image has a current score.";
      said.replaceChildren(notice("note", "Nothing was started", text));
    }),
  );

  let wasAtWork = false;
  let lastStatus = "";
  const load = async () => shown.replaceChildren(...overview(await api.get(`v1/projects/${project}/statistics`), project));
  const render = () => {
    const { job: counts, trouble, isCancelling } = job.state;
    if (trouble?.kind === "key") return void askForKey("Your key has stopped working.").then((isSignedIn) => isSignedIn && job.resume());
    if (job.isProcessing || isCancelling) panel.replaceChildren(...progress(counts, isCancelling));
    else if (lastStatus !== job.status + counts?.seq) panel.replaceChildren(h("h2", {}, "Score images"), may("write") ? form : h("p", { class: "soft" }, "This key may look, but not start a job."), counts ? h("p", { class: "soft small" }, ended(counts)) : "");
    lastStatus = job.isProcessing ? "" : job.status + counts?.seq;
    if (trouble?.kind === "unreachable") said.replaceChildren(notice("warning", "Darkroom does not answer", "What you see may be old. The page goes on trying."));
    if (wasAtWork && job.isEnded) load().catch(() => {});
    wasAtWork = job.isProcessing;
  };
  const progress = (counts, isCancelling) => {
    const done = counts.processed + counts.failed + counts.skipped;
    const cancel = h("button", { disabled: isCancelling, onclick: () => working(cancel, said, () => job.cancel()) }, isCancelling ? "Cancelling…" : "Cancel");
    const total = counts.total === null ? "…" : number(counts.total);
    return [
      h("div", { class: "tally-top" }, h("div", { class: "tally-number" }, number(done), h("small", {}, ` / ${total}`)), h("div", { class: "tally-state" }, h("strong", {}, `${counts.progress_pct} %`), h("span", { class: "soft" }, [isCancelling ? "Cancelling…" : STATUS[counts.status], counts.eta_s ? `About ${duration(counts.eta_s)} left` : null].filter(Boolean).join(" · ")))),
      bar(counts.progress_pct / 100, "Scored", `${counts.progress_pct} %`, "good"),
      h("div", { class: "actions" }, may("write") && cancel),
    ];
  };
  const unsubscribe = job.subscribe(render);
  await Promise.all([job.find().then(render), load()]);
  return unsubscribe;
}

const ended = (counts) => `The last job is ${STATUS[counts.status].toLowerCase()}: ${number(counts.processed)} scored, ${number(counts.failed)} failed, ${number(counts.skipped)} skipped.`;
