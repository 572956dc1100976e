/** What deleted images left behind, looked at first and then freed. */

import { confirmed, h, notice } from "./dom.js";
import { api, working } from "./session.js";
import { count, moment, size } from "./words.js";

const PURGE_DAYS = 30;

/** One call ends when its time runs out; the next goes on there, until nothing is left. */
async function runPurge(days, isDry) {
  const sum = { files: 0, deleted: 0, bytes: 0, errors: 0 };
  let cursor;
  for (;;) {
    const found = await api.post("v1/purge", { dry_run: isDry, days, ...(cursor && { cursor }) });
    sum.files += found.originals_to_delete + found.renditions_to_delete;
    sum.deleted += found.deleted_count;
    sum.bytes += found.deleted_bytes;
    sum.errors += found.errors.length;
    if (!found.has_more) return { ...sum, cutoff: found.cutoff_date };
    cursor = found.next_cursor;
  }
}

/** A form for the dry run, whose result offers the real one. @returns {HTMLElement[]} */
export function purge() {
  const said = h("div");
  const days = h("input", { type: "number", min: 0, value: PURGE_DAYS, name: "days" });
  const look = h("button", { class: "primary" }, "Look first");
  const submit = (event) => {
    event.preventDefault();
    working(look, said, async () => said.replaceChildren(forecast(await runPurge(days.value, true), days.value)));
  };
  const forecast = ({ files, cutoff }, chosen) => {
    const many = count(files, "file");
    const drop = async () => {
      if (!(await confirmed("Delete for good?", `${many} cannot be brought back.`, "Delete for good"))) return;
      await working(go, said, async () => said.replaceChildren(report(await runPurge(chosen, false))));
    };
    const go = h("button", { class: "danger", onclick: drop }, `Delete ${many} for good`);
    return notice(
      "note",
      `Dry run: ${many} would go`,
      `All that was deleted or replaced and dates from before ${moment(cutoff)}. Nothing was deleted yet.`,
      files > 0 && go,
    );
  };
  const report = ({ deleted, bytes, errors }) =>
    notice(
      errors ? "warning" : "note",
      `${count(deleted, "file")} deleted`,
      `${size(bytes)} are free again.${errors ? ` Of ${count(errors, "image")} not all could be deleted; the next purge tries again.` : ""}`,
    );
  const form = h(
    "form",
    { class: "fields", onsubmit: submit },
    h("label", {}, "Made so many days ago or earlier", days),
    h("div", {}, look),
  );
  return [form, said];
}
