/** How far a job is, and what is in its way: the same for jobs of any kind. */

import { announce, h, notice } from "./dom.js";
import { askForKey, may, working } from "./session.js";
import { STATUS, duration, number } from "./words.js";

const COUNTS = {
  pending: "waiting",
  processing: "processing",
  processed: "succeeded",
  failed: "failed",
  skipped: "skipped",
};
const PARTS = ["processed", "failed", "skipped"];

/** "250 / 5000", the bar, percent, ETA, counts and Cancel. Drawn once and then written to: a button stays under the finger. */
export class Progress {
  /** @param {import("./job.js").Job} job @param {string} label what the bar is of */
  constructor(job, label) {
    this.job = job;
    this.done = h("span");
    this.total = h("small");
    this.percent = h("strong");
    this.state = h("span", { class: "soft" });
    this.by = h("span", { class: "by" });
    this.parts = PARTS.map((name) => h("span", { class: name }));
    this.track = h(
      "div",
      { class: "track", role: "progressbar", "aria-label": label, "aria-valuemin": 0, "aria-valuemax": 100 },
      this.parts,
    );
    this.counts = h("div", { class: "counts" });
    this.said = h("div");
    /** Told to screen readers last: not every step is worth an interruption. */
    this.tenth = -1;
    this.cancel = h("button", { onclick: () => working(this.cancel, this.said, () => job.cancel()) });
    this.element = h(
      "section",
      { class: "sheet tally", "aria-label": "Progress" },
      h(
        "div",
        { class: "tally-top" },
        h("div", { class: "tally-number" }, this.done, this.total),
        h("div", { class: "tally-state" }, this.percent, this.state, this.by),
      ),
      this.track,
      h("div", { class: "tally-foot" }, this.counts, this.cancel),
      this.said,
    );
  }

  /** @param {{state?: string, facts?: string[]}} [more] what this kind of job has to say besides */
  show({ state, facts = [] } = {}) {
    const { job } = this;
    const counts = job.state.job;
    const ended = PARTS.reduce((sum, name) => sum + counts[name], 0);
    const total = counts.total === null ? "…" : number(counts.total);
    const isCancelling = job.state.isCancelling || (job.isCancelled && !job.isSettled);
    this.done.textContent = number(ended);
    this.total.textContent = ` / ${total}`;
    this.percent.textContent = `${counts.progress_pct} %`;
    this.state.textContent = [isCancelling ? "Cancelling…" : (state ?? STATUS[counts.status]), left(job), ...facts]
      .filter(Boolean)
      .join(" · ");
    this.by.hidden = job.isEnded || !job.state.by;
    this.by.dataset.by = job.state.by;
    this.by.textContent = job.state.by === "push" ? "Live" : `Looks every ${duration(counts.poll_after_ms / 1000)}`;
    PARTS.forEach((name, index) =>
      this.parts[index].style.setProperty("--share", counts[name] / Math.max(1, counts.total)),
    );
    this.track.setAttribute("aria-valuenow", counts.progress_pct);
    this.track.setAttribute("aria-valuetext", `${number(ended)} of ${total}, ${counts.progress_pct} percent`);
    const shown = Object.entries(COUNTS).filter(([name]) => counts[name] > 0 || name === "processed");
    this.counts.replaceChildren(
      ...shown.map(([name, word]) => h("span", {}, h("b", {}, number(counts[name])), ` ${word}`)),
    );
    this.cancel.hidden = !may("write") || (job.isEnded && !isCancelling);
    this.cancel.disabled = isCancelling;
    this.cancel.textContent = isCancelling ? "Cancelling…" : "Cancel";
    const tenth = Math.floor(counts.progress_pct / 10);
    if (tenth !== this.tenth) announce(`${counts.progress_pct} percent, ${number(ended)} of ${total}`);
    this.tenth = tenth;
  }
}

/** The time that is left, as the server measured it. */
const left = (job) => {
  const { eta_s } = job.state.job;
  if (job.isEnded || eta_s === null) return null;
  return eta_s > 0 ? `About ${duration(eta_s)} left` : "Nearly done";
};

/**
 * What keeps news of a job away, with the way out. @param {import("./job.js").Job} job @param {string} noun  what it is called
 * @param {...(Node)} ways  out of it when the job's records are gone
 * @returns {HTMLElement | null}
 */
export function troubleNotice(job, noun, ...ways) {
  const { trouble } = job.state;
  const again = () => {
    job.stop();
    job.resume();
  };
  const signIn = async () => (await askForKey("Your key has stopped working.")) && again();
  if (trouble?.kind === "expired")
    return notice(
      "warning",
      `This ${noun} has expired`,
      "Its records are kept for two days and are gone now. What was accepted is in the gallery.",
      ...ways,
    );
  if (trouble?.kind === "key")
    return notice(
      "problem",
      "Your key has stopped working",
      `${trouble.error.message} What has arrived is being worked on meanwhile.`,
      h("button", { class: "primary", onclick: signIn }, "Sign in and go on"),
    );
  if (trouble?.kind === "refused")
    return notice(
      "problem",
      "Darkroom does not tell how far it is",
      trouble.error.message,
      h("button", { onclick: again }, "Try again"),
    );
  if (trouble?.kind === "unreachable")
    return notice(
      "warning",
      "Darkroom does not answer",
      `${trouble.failures} attempts in a row failed, so what you see may be old. Nothing is lost, and the page goes on trying.`,
      h("button", { onclick: again }, "Try now"),
    );
  return null;
}
