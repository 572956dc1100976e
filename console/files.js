/** One row for each file of an upload: its picture, stage, progress, and why it failed. */

import { bar, h, linkTo } from "./dom.js";
import { absent, picture } from "./picture.js";
import { Rows } from "./rows.js";
import { OUTCOMES, STATUS, number, reason, stageOf } from "./words.js";

const FILTERS = { all: "All", working: "Under way", done: "Done", failed: "Failed" };
const WAYS = { absent: "Not arrived yet", waiting: "Queued", sent: "Arrived, waits for its turn" };
const ENDED = ["completed", "failed", "skipped"];
/** Sending a file is this share of its bar; the rest is what the task says of itself. */
const SENDING_SHARE = 0.3;

/** A cancelled job skips what has not begun. What began just before it is counted so too, until it ends. */
const isSkipped = (job, { status }) =>
  job.isCancelled && (status === "pending" || (status === "processing" && job.isSettled));

/** A task with how far its file's way to S3 is (`way`; null once the task is at work). */
const itemOf = (job, task) => {
  const sending = job.sendings.get(task.task_id);
  const status = isSkipped(job, task) ? "skipped" : task.status;
  const way = status === "pending" ? (sending?.status ?? "absent") : null;
  const sent = way === null || way === "sent" ? 1 : sending?.file.size ? sending.sent / sending.file.size : 0;
  const share = ENDED.includes(status) ? 1 : SENDING_SHARE * sent + (1 - SENDING_SHARE) * (task.progress_pct / 100);
  return {
    id: task.task_id,
    name: task.filename,
    status,
    way,
    sent: Math.round(100 * sent),
    pct: Math.round(100 * share),
    stage: status === "processing" ? stageOf(task) : null,
    asset: task.asset_id,
    thumbnail: task.thumbnail_url,
    outcome: task.outcome,
    error: way === "unsent" ? { code: sending.reason } : task.error,
  };
};

/** In the job's order: the tasks were listed before anything else was heard of them. @param {import("./upload_job.js").UploadJob} job */
export const itemsOf = (job) => Array.from(job.state.tasks.values(), (task) => itemOf(job, task));

/** Whether nothing more is to come of an item. */
export const isOverWith = ({ status }) => ENDED.includes(status);

const kindOf = ({ status, way }) => {
  if (status === "failed" || way === "unsent") return "failed";
  return status === "completed" || status === "skipped" ? "done" : "working";
};

/** What is said of an item in a sentence. */
export const noteOf = (item) => {
  if (item.error) return reason(item.error);
  if (item.way === "sending") return `Uploading, ${item.sent} %`;
  if (item.way) return WAYS[item.way];
  if (item.stage) return `${item.stage}…`;
  return OUTCOMES[item.outcome] ?? STATUS[item.status];
};

const stateOf = (item) => {
  if (item.way === "unsent") return "Not sent";
  if (item.way === "sending" || item.status === "processing") return `${item.pct} %`;
  if (item.status === "failed") return item.outcome === "refused" ? "Refused" : "Failed";
  return item.status === "completed" ? "Done" : STATUS[item.status];
};

const placeholderOf = (item) => {
  if (kindOf(item) === "failed") return "Failed";
  if (item.status === "skipped") return "Skipped";
  return item.way ? "Queued" : "Generating…";
};

function drawRow(item, project, former) {
  const kind = kindOf(item);
  const known = former?.querySelector("img:not([data-renewed])");
  const place = h("div", { class: "thumb" });
  const thumbnail = item.thumbnail && (known ?? picture(item.thumbnail, item.asset, { width: 68, height: 51 }));
  // Who had the same content before may still be waiting for it.
  place.append(thumbnail || (item.status === "completed" ? absent(item.asset) : placeholderOf(item)));
  const [, folder, base] = /^(.*\/)?(.*)$/s.exec(item.name);
  const name = [folder && h("span", { class: "folder" }, folder), h("span", {}, base)];
  const grade = { failed: "bad", done: item.status === "completed" && "good" }[kind];
  return h(
    "li",
    { class: "row", "data-task": item.id, "data-kind": kind },
    place,
    h(
      "div",
      {},
      item.asset
        ? h("a", { class: "row-name", title: item.name, href: linkTo(project, "image", item.asset) }, name)
        : h("div", { class: "row-name", title: item.name }, name),
      h("div", { class: `row-note ${kind === "failed" ? "bad" : ""}`, title: noteOf(item) }, noteOf(item)),
    ),
    bar(item.pct / 100, `Progress of ${item.name}`, `${item.pct} %`, grade),
    h("div", { class: "row-state" }, stateOf(item)),
  );
}

/** The list of files, and the choice of which of them to show. */
export class Files {
  constructor(project, signal) {
    this.filter = "all";
    this.items = [];
    this.rows = new Rows("Files", (item, former) => drawRow(item, project, former), signal);
    this.buttons = Object.fromEntries(
      Object.keys(FILTERS).map((name) => [
        name,
        h("button", { "data-filter": name, onclick: () => this.choose(name) }),
      ]),
    );
    const choices = h("div", { class: "choices", role: "group", "aria-label": "Show" }, Object.values(this.buttons));
    this.element = h("section", { class: "sheet", "aria-label": "Files", hidden: true }, choices, this.rows.element);
  }

  choose(filter) {
    this.filter = filter;
    this.show(this.items);
  }

  show(items) {
    this.items = items;
    this.element.hidden = !items.length;
    const byKind = { all: items, working: [], done: [], failed: [] };
    for (const item of items) byKind[kindOf(item)].push(item);
    for (const [name, button] of Object.entries(this.buttons)) {
      button.textContent = `${FILTERS[name]} ${number(byKind[name].length)}`;
      button.setAttribute("aria-pressed", String(name === this.filter));
    }
    this.rows.show(byKind[this.filter]);
  }
}
