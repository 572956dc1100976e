/** Upload files and watch what becomes of each. */

import { confirmed, h, icon, linkTo, notice } from "./dom.js";
import { onDrop } from "./drops.js";
import { Files, isOverWith, itemsOf } from "./files.js";
import { MANY, outcome } from "./outcome.js";
import { Progress, troubleNotice } from "./progress.js";
import { api, askForKey, findUpload, forgetUpload, knownUpload, may, rememberUpload } from "./session.js";
import { CONTENT_TYPES, MAX_FILES, UploadJob, nameOf } from "./upload_job.js";
import { count, named, number, reason, refusal, size } from "./words.js";

const ACCEPT = [...new Set(Object.values(CONTENT_TYPES)), ".tif", ".tiff", ".mpo"].join(",");

/** By project, what is being prepared: also while another view is looked at. @type {Map<string, Promise<any>>} */
const starting = new Map();

/** A folder comes in no order of its own. IMG_9 before IMG_10. */
const byName = (a, b) => nameOf(a).localeCompare(nameOf(b), undefined, { numeric: true });

/** What tells long names apart. */
const endOf = (name) => (name.length > 60 ? `…${[...name].slice(-60).join("")}` : name);

const isHidden = (file) => file.name.startsWith(".") || file.name === "Thumbs.db";

export async function view(place, { project, signal }) {
  const upload = new Upload(place, project, signal);
  signal.addEventListener("abort", () => upload.unsubscribe());
  await upload.begin();
}

class Upload {
  constructor(place, project, signal) {
    this.place = place;
    this.project = project;
    this.signal = signal;
    /** @type {UploadJob | null} */
    this.job = null;
    this.unsubscribe = () => {};
    this.top = h("div", { class: "stack" });
    this.note = h("div");
    this.said = h("div", { class: "stack tight" });
    this.rest = h("div");
    this.progress = h("div");
    this.after = h("div");
    this.files = new Files(project, signal);
    this.choosers = {
      files: this.chooser({ accept: ACCEPT, "data-choose": "files" }),
      folder: this.chooser({ webkitdirectory: true, "data-choose": "folder" }),
    };
    onDrop((files) => this.take(files), signal);
    place.append(
      h(
        "div",
        { class: "head" },
        h(
          "div",
          {},
          h("h1", {}, "Upload"),
          h("p", {}, "Straight from here to the archive. Each photo is checked, made into every size, and scored."),
        ),
      ),
      h(
        "div",
        { class: "stack" },
        this.top,
        this.note,
        this.said,
        this.rest,
        this.progress,
        this.after,
        this.files.element,
        Object.values(this.choosers),
      ),
    );
  }

  /** Show the upload that goes on in this project, here or elsewhere, if there is one. */
  async begin() {
    await this.settled();
    this.showTop([]);
    const known = knownUpload(this.project);
    if (known) return this.watch(known);
    const found = await findUpload(this.project);
    if (!found || this.job || !this.place.isConnected) return;
    rememberUpload(found);
    this.watch(found);
  }

  // ── What is chosen ─────────────────────────────────────────────────────────────────────────────────────────────

  chooser(attributes) {
    const input = h("input", { type: "file", multiple: true, hidden: true, ...attributes });
    input.addEventListener("change", () => {
      const chosen = [...input.files];
      input.value = "";
      this.take(chosen);
    });
    return input;
  }

  get isOpen() {
    return this.job && !this.job.isEnded && this.job.state.trouble?.kind !== "expired";
  }

  async take(chosen) {
    if (!may("write")) return;
    const wanted = chosen.filter((file) => !isHidden(file)).sort(byName);
    this.note.replaceChildren();
    if (!wanted.length)
      return this.say(notice("warning", "There is no file in it", "Choose photos, or a folder that holds some."));
    await this.settled();
    if (this.isOpen && !this.job.isListed) await this.job.catchUp();
    if (!this.isOpen) return this.start(wanted);
    const { rest, refused } = this.job;
    const others = rest.length + refused.length;
    if (!this.job.match(wanted) && rest.length + refused.length === others)
      this.say(notice("note", "Nothing new", "All of these are in this upload already."));
    this.show();
  }

  /** Until what is being prepared has begun, or cannot. */
  async settled() {
    const opened = starting.get(this.project);
    if (opened) this.showPreparing("the upload");
    await opened?.catch(() => {});
  }

  /** @param {File[]} wanted @param {File[]} [rest] what goes on waiting meanwhile */
  async start(wanted, rest = this.job?.rest ?? []) {
    if (starting.has(this.project)) return;
    const job = new UploadJob(api, this.project);
    const open = async () => {
      await job.start(wanted);
      job.rest = job.rest.concat(rest);
      if (job.jobId) rememberUpload(job);
    };
    const opened = open().finally(() => starting.delete(this.project));
    starting.set(this.project, opened);
    this.note.replaceChildren();
    this.showPreparing(count(wanted.length, "file"));
    try {
      await opened;
    } catch (error) {
      return this.startAgain(error, () => this.start(wanted, rest));
    }
    if (job.jobId) return this.watch(job);
    this.showTop([]);
    this.say(leftOut(job.refused));
  }

  async startAgain(error, start) {
    this.showTop([]);
    if (error.isAboutKey && (await askForKey("Your key does not work any more."))) return start();
    const again = h("button", { onclick: start }, "Try again");
    this.say(notice("problem", "The upload could not begin", refusal(error), again));
  }

  // ── The job ────────────────────────────────────────────────────────────────────────────────────────────────────

  watch(job) {
    if (this.signal.aborted) return;
    this.unsubscribe();
    this.job = job;
    this.panel = new Progress(job, "Whole upload");
    let planned = 0;
    const draw = () => {
      planned = 0;
      if (this.place.isConnected && this.job === job) this.show();
    };
    this.unsubscribe = job.subscribe(() => (planned ||= requestAnimationFrame(draw)));
  }

  async clear() {
    const { rest } = this.job;
    const text = "They are not uploaded; choose them again if you need them after all.";
    if (rest.length && !(await confirmed(`Leave out ${count(rest.length, "file")}?`, text, "Leave them out"))) return;
    forgetUpload(this.project);
    this.unsubscribe();
    this.job = null;
    this.said.dataset.text = this.rest.dataset.text = this.after.dataset.text = "";
    for (const part of [this.note, this.said, this.rest, this.progress, this.after]) part.replaceChildren();
    this.files.show([]);
    this.showTop([]);
  }

  show() {
    const { job } = this;
    const items = job.state.job ? itemsOf(job) : [];
    this.showTop(items);
    this.showTrouble(items);
    this.showRest();
    if (!job.state.job) return;
    const { sent, total } = job.traffic;
    this.panel.show(job.isSending ? { state: "Uploading", facts: [`${size(sent)} of ${size(total)} sent`] } : {});
    if (!this.panel.element.isConnected) this.progress.replaceChildren(this.panel.element);
    this.showOutcome(items);
    this.files.show(items);
  }

  showPreparing(what) {
    this.top.dataset.text = "";
    this.top.replaceChildren(notice("note", `Preparing ${what}…`));
  }

  showTop(items) {
    const absent = items.filter(({ way }) => way === "absent").length;
    const text = JSON.stringify([may("write"), Boolean(this.job), Boolean(this.isOpen), absent]);
    if (this.top.dataset.text === text && this.top.children.length) return;
    this.top.dataset.text = text;
    this.top.replaceChildren();
    if (!may("write"))
      this.top.append(
        notice("note", "This key may look, but not upload", "Sign in with a key that has the scope “write”."),
      );
    else if (!this.job)
      this.top.append(
        this.dropZone(
          "Drop photos here, or a whole folder",
          `JPEG, PNG, WebP, GIF, TIFF and AVIF, up to ${number(MAX_FILES)} at once.`,
        ),
      );
    else if (!this.isOpen) this.top.append(this.dropZone("Drop more", "They begin a new upload.", "slim"));
    else if (absent)
      this.top.append(
        this.dropZone(
          `${count(absent, "file has", "files have")} not arrived yet`,
          "If the page was closed on the way, drop the same files again: the upload goes on where it was.",
          "slim",
        ),
      );
  }

  dropZone(title, text, kind = "") {
    const { files, folder } = this.choosers;
    return h(
      "section",
      { class: `drop ${kind}`, "aria-label": title },
      icon("upload"),
      h("div", {}, h("h2", {}, title), h("p", { class: "soft small" }, text)),
      h(
        "div",
        { class: "actions" },
        h("button", { class: kind ? "" : "primary", onclick: () => files.click() }, "Choose files"),
        h("button", { onclick: () => folder.click() }, "Choose a folder"),
      ),
    );
  }

  showTrouble(items) {
    const { job } = this;
    const unsent = items.filter(({ way }) => way === "unsent").length;
    const { refused } = job;
    const text = JSON.stringify([
      job.jobId,
      job.state.trouble?.kind,
      job.state.trouble?.failures,
      unsent,
      refused.length,
      job.status,
    ]);
    if (this.said.dataset.text === text) return;
    this.said.dataset.text = text;
    const told = [
      troubleNotice(
        job,
        "upload",
        h("a", { class: "button", href: linkTo(this.project, "gallery") }, "Open the gallery"),
        h("button", { onclick: () => this.clear() }, "Start afresh"),
      ),
      unsent > 0 &&
        !job.isEnded &&
        notice(
          "problem",
          `${count(unsent, "file")} could not be sent`,
          "The others are not affected.",
          h("button", { onclick: () => job.sendAgain() }, "Send again"),
        ),
      refused.length > 0 && leftOut(refused),
    ];
    this.said.replaceChildren(...told.filter(Boolean));
  }

  showRest() {
    const { rest } = this.job;
    const text = JSON.stringify([this.job.jobId, rest.length, this.isOpen]);
    if (this.rest.dataset.text === text) return;
    this.rest.dataset.text = text;
    this.rest.replaceChildren(...(rest.length ? [this.remaining(rest)] : []));
  }

  remaining(rest) {
    const all = `Upload the remaining ${number(rest.length)}`;
    const [first, last] = [rest[0], rest.at(-1)].map((file) => named(endOf(nameOf(file))));
    const which = rest.length > 1 ? `From ${first} to ${last}.` : `${first}.`;
    const then = this.isOpen
      ? "One upload at a time: they can follow once this one has ended. Leave this page open until then."
      : "They were too many for one upload, or came while it went on.";
    return notice(
      "warning",
      `${count(rest.length, "file remains", "files remain")} to be uploaded`,
      `${which} ${then}`,
      !this.isOpen && h("button", { class: "primary", onclick: () => this.start(rest, []) }, all),
    );
  }

  showOutcome(items) {
    const { job } = this;
    // The job's end may be heard of before that of its last files.
    const isOver = job.isSettled && (job.isFailed || items.every(isOverWith));
    const text = isOver ? JSON.stringify([job.jobId, job.status, job.state.job.epoch]) : "";
    if (this.after.dataset.text === text) return;
    this.after.dataset.text = text;
    this.after.replaceChildren(...(isOver ? [outcome(job, items, () => this.clear())] : []));
  }

  say(told) {
    this.note.replaceChildren(told);
  }
}

/** @param {import("./types.js").Refused[]} refused */
const leftOut = (refused) => {
  const shown = refused.slice(0, MANY).map(({ file, ...error }) => h("li", {}, `${named(file.name)}: ${reason(error)}`));
  const rest = refused.length > MANY && h("li", {}, `and ${number(refused.length - MANY)} more`);
  return notice(
    "warning",
    `${count(refused.length, "file was", "files were")} left out`,
    h("ul", { class: "small" }, shown, rest),
  );
};
