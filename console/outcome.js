/** What became of an upload: what succeeded, what failed and why, and where to go next. */

import { h, linkTo, notice } from "./dom.js";
import { noteOf } from "./files.js";
import { may, working } from "./session.js";
import { named, number, reason } from "./words.js";

/** If all of more than so many files failed, it is not the files. */
export const MANY = 5;
const NAMES_SHOWN = 50;
const ENDS = { completed: "Done", cancelled: "Cancelled", failed: "Given up" };

/** @param {import("./upload_job.js").UploadJob} job that has ended @param {any[]} items @param {() => void} clear */
export function outcome(job, items, clear) {
  const counts = job.state.job;
  const count = (name) => items.filter((item) => item.outcome === name).length;
  const parts = [
    [count("created"), "added"],
    [count("exists"), "already here"],
    [counts.failed, "failed"],
    [counts.skipped, "skipped"],
  ].filter(([many]) => many);
  const failed = items.filter(({ status }) => status === "failed");
  const groups = groupsOf(failed);
  const said = h("div");
  const retry = h(
    "button",
    { onclick: () => working(retry, said, () => job.retryFailed()) },
    `Retry ${number(count("failed"))} failed`,
  );
  const mayRetry = count("failed") > 0 && may("write") && !job.isCancelled;
  const all = counts.total > MANY && counts.failed === counts.total;
  const summary = all
    ? notice(
        "problem",
        `All ${number(counts.total)} files failed`,
        groups.length &&
          `Most often: ${groups[0][0]} Look at one of them on your own machine before you send them again.`,
        mayRetry && retry,
        h("button", { onclick: clear }, "Choose other files"),
      )
    : h(
        "section",
        { class: "sheet stack tight", "data-summary": "" },
        h(
          "h2",
          {},
          `${ENDS[job.status]}: ${parts.map(([many, word]) => `${number(many)} ${word}`).join(", ") || "nothing was done"}`,
        ),
        counts.error && h("p", { class: "soft" }, counts.error),
        h(
          "div",
          { class: "actions" },
          count("created") + count("exists") > 0 &&
            h("a", { class: "button primary", href: linkTo(job.project, "gallery") }, "See them in the gallery"),
          h("a", { class: "button", href: linkTo(job.project, "quality") }, "How good are they?"),
          mayRetry && retry,
          h("button", { class: "plain", onclick: clear }, "Clear"),
        ),
      );
  const reasons =
    failed.length > 0 &&
    h(
      "section",
      { class: "sheet stack tight" },
      h("h2", {}, "What failed, and why"),
      h("div", { class: "groups" }, groups.map(drawGroup)),
    );
  return h("div", { class: "stack" }, summary, said, reasons);
}

/** Reasons with the items that have them, the most frequent first. @returns {[string, any[]][]} */
const groupsOf = (failed) => {
  const groups = new Map();
  for (const item of failed) {
    const why = item.error ? reason({ ...item.error, limit: null, measured: null }) : "Failed";
    groups.set(why, [...(groups.get(why) ?? []), item]);
  }
  return [...groups].sort((a, b) => b[1].length - a[1].length);
};

const drawGroup = ([why, items]) =>
  h(
    "details",
    {},
    h("summary", {}, h("span", {}, why), h("strong", {}, number(items.length))),
    h(
      "ul",
      {},
      items
        .slice(0, NAMES_SHOWN)
        .map((item) => h("li", {}, `${named(item.name)}${item.error?.measured ? `: ${noteOf(item)}` : ""}`)),
      items.length > NAMES_SHOWN && h("li", {}, `and ${number(items.length - NAMES_SHOWN)} more`),
    ),
  );
