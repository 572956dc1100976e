/** How good a project's images are, and the job that scores them. */

import { bar, h, linkTo, notice } from "./dom.js";
import { histogram } from "./histogram.js";
import { Progress, troubleNotice } from "./progress.js";
import { QualityJob } from "./quality_job.js";
import { api, may, qualityJob, working } from "./session.js";
import { CATEGORIES, METRICS, issueName } from "./score_words.js";
import { STATUS, count, duration, number, size, spoken } from "./words.js";

const STATES = { pending: "waiting", processing: "being worked on", completed: "with all renditions", failed: "with a failed stage" };
const CATEGORY_GRADES = { high: "good", medium: "fair", low: "bad" };

/** Names with counts, as bars that lead somewhere. */
const ranking = (rows, total) =>
  h(
    "div",
    { class: "ranks" },
    rows.map(([label, value, href, grade]) =>
      h(
        "a",
        { class: "rank", href },
        h("span", {}, label),
        bar(value / Math.max(1, total), label, number(value), grade),
        h("span", {}, number(value)),
      ),
    ),
  );

function overview(statistics, project) {
  const { assets, bytes, category, histograms } = statistics;
  const issues = Object.entries(statistics.issues).sort((a, b) => b[1] - a[1]);
  const to = (query) => linkTo(project, "gallery", "", query);
  const figure = (value, label) =>
    h("div", {}, h("div", { class: "big" }, value), h("div", { class: "soft small" }, label));
  const unscored = assets - Object.values(category).reduce((sum, value) => sum + value, 0);
  return [
    h(
      "section",
      { class: "sheet numbers", "aria-label": "Totals" },
      figure(number(assets), "images"),
      figure(size(bytes), "of originals"),
      figure(number(unscored), "without a score"),
      Object.entries(statistics.status).map(([status, value]) =>
        figure(number(value), STATES[status] ?? spoken(status)),
      ),
    ),
    h(
      "div",
      { class: "split" },
      h(
        "section",
        { class: "sheet stack tight" },
        h("h2", {}, "Issues"),
        issues.length
          ? ranking(
              issues.map(([issue, value]) => [issueName(issue), value, to({ issue }), "bad"]),
              assets,
            )
          : h("p", { class: "soft" }, "None found."),
      ),
      h(
        "section",
        { class: "sheet stack tight" },
        h("h2", {}, "Suitability for annotation"),
        ranking(
          Object.entries(CATEGORIES).map(([name, title]) => [
            title.split(" ")[0],
            category[name] ?? 0,
            to({ category: name }),
            CATEGORY_GRADES[name],
          ]),
          assets,
        ),
      ),
    ),
    h(
      "section",
      { class: "stack tight" },
      h("h2", {}, "How the values are spread"),
      h(
        "div",
        { class: "charts" },
        Object.entries(METRICS)
          .filter(([metric]) => histograms[metric])
          .map(([metric, label]) => histogram(label, histograms[metric])),
      ),
    ),
  ];
}

const numberField = (label, attributes) => {
  const input = h("input", { type: "number", ...attributes });
  return { input, element: h("label", {}, label, input) };
};

/** Where a job is started, and what became of the last. */
class Starter {
  constructor(job) {
    this.job = job;
    this.said = h("div");
    this.last = h("div", { class: "actions" });
    this.batch = numberField("Images in a batch (1–50)", { min: 1, max: 50, value: 50 });
    this.delay = numberField("Pause between batches (ms)", { min: 0, max: 30_000, value: 0, step: 100 });
    this.all = h("input", { type: "checkbox" });
    this.look = h(
      "button",
      { type: "button", onclick: () => working(this.look, this.said, () => this.forecast()) },
      "What would it do?",
    );
    this.start = h("button", { class: "primary" }, "Start");
    const submit = (event) => {
      event.preventDefault();
      working(this.start, this.said, () => job.start(this.options));
    };
    const form = h(
      "form",
      { class: "stack", onsubmit: submit },
      h(
        "div",
        { class: "fields" },
        this.batch.element,
        this.delay.element,
        h("label", { class: "inline" }, this.all, "Also those that have a score"),
      ),
      h("div", { class: "actions" }, this.start, this.look),
    );
    this.element = h(
      "section",
      { class: "sheet stack", "aria-label": "Quality job" },
      h("h2", {}, "Score images"),
      may("write") ? form : h("p", { class: "soft" }, "This key may look, but not start a job."),
      this.said,
      this.last,
    );
  }

  get options() {
    return { batch_size: this.batch.input.value, delay_ms: this.delay.input.value, only_missing: !this.all.checked };
  }

  async forecast() {
    const { total_images, batches, expected_s, sample } = await this.job.forecast(this.options);
    const bad = sample.would_fail.length;
    const looked = bad
      ? `Of ${number(sample.size)} looked at, ${number(bad)} would fail.`
      : `The ${number(sample.size)} looked at are all fine.`;
    const text = total_images
      ? `${count(total_images, "image")} in ${count(batches, "batch", "batches")}, in about ${duration(expected_s)}. ${looked}`
      : "Every image has a current score.";
    this.said.replaceChildren(notice("note", "Nothing was started", text));
  }

  show() {
    const counts = this.job.state.job;
    this.last.replaceChildren();
    if (!counts?.job_id) return;
    const text = `The last job is ${STATUS[counts.status].toLowerCase()}: ${number(counts.processed)} scored, ${number(counts.failed)} failed, ${number(counts.skipped)} skipped. ${counts.error ?? ""}`;
    const retry = h(
      "button",
      { onclick: () => working(retry, this.said, () => this.job.retryFailed()) },
      `Retry ${number(counts.failed)} failed`,
    );
    this.last.append(h("p", { class: "soft small" }, text));
    if (counts.failed > 0 && !this.job.isCancelled && may("write")) this.last.append(retry);
  }
}

export async function view(place, { project, signal }) {
  const job = qualityJob(project, () => new QualityJob(api, project));
  const panel = h("div");
  const said = h("div");
  const shown = h("div", { class: "stack" });
  const text = "Each image is scored when it comes in. A job scores those that lack a score, or all of them.";
  place.append(
    h("div", { class: "head" }, h("div", {}, h("h1", {}, "Quality"), h("p", {}, text))),
    h("div", { class: "stack" }, panel, said, shown),
  );

  const starter = new Starter(job);
  const progress = new Progress(job, "Whole quality job");
  const load = async () =>
    shown.replaceChildren(...overview(await api.get(`v1/projects/${project}/statistics`), project));
  let wasAtWork = false;
  const show = () => {
    const isOpen = job.isProcessing || job.state.isCancelling || (job.isCancelled && !job.isSettled);
    const isAtWork = isOpen && job.state.trouble?.kind !== "expired";
    const part = isAtWork ? progress : starter;
    part.show();
    if (!part.element.isConnected) panel.replaceChildren(part.element);
    const trouble = troubleNotice(job, "job");
    said.replaceChildren(...(trouble ? [trouble] : []));
    if (wasAtWork && !isAtWork) load().catch(() => {});
    wasAtWork = isAtWork;
  };
  signal.addEventListener("abort", job.subscribe(show));
  await Promise.all([job.find(), load()]);
}
