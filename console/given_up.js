/** Work that was given up, in words, to be taken up again. */

import { h, notice } from "./dom.js";
import { api, may, working } from "./session.js";
import { table } from "./table.js";
import { STAGES, moment, number, reason } from "./words.js";

const COLUMNS = { File: "", Step: "", Why: "", Tries: "figure", When: "", "": "" };

/** The records of one file's stages belong together: trying it again tries them all. @returns {any[][]} */
const byFile = (records) => {
  const files = new Map();
  for (const record of records) {
    const file = `${record.job_id} ${record.task_id}`;
    files.set(file, [...(files.get(file) ?? []), record]);
  }
  return [...files.values()];
};

/** Those of former versions have no name. */
const nameOf = ([{ filename, task_id }]) => filename ?? task_id;

/** A list of what was given up, each with a button. @returns {Promise<HTMLElement[]>} */
export async function givenUp() {
  const said = h("div");
  const list = h("div");
  let records = [];
  let cursor = null;
  const draw = () => {
    const nothing = h("p", { class: "soft" }, "Nothing was given up.");
    list.replaceChildren(records.length ? table(COLUMNS, byFile(records).map(row)) : nothing);
    more.hidden = !cursor;
  };
  const load = async () => {
    const page = await api.get("v1/poison", { cursor });
    records.push(...page.records);
    cursor = page.next_cursor;
    draw();
  };
  const more = h("button", { onclick: () => working(more, said, load) }, "Show more");
  const row = (stages) => {
    const [{ code, detail, failed_at }] = stages;
    const name = nameOf(stages);
    const again = h("button", { "aria-label": `Try again: ${name}`, onclick: () => tryAgain(again, stages) }, "Try again");
    return [
      h("span", { class: "filename" }, name),
      stages.map(({ stage }) => STAGES[stage] ?? stage).join(", "),
      reason({ code, detail }),
      number(Math.max(...stages.map(({ attempts }) => attempts))),
      moment(failed_at),
      may("write") && again,
    ];
  };
  const tryAgain = (button, stages) =>
    working(button, said, async () => {
      const told = [];
      try {
        for (const stage of stages) {
          told.push((await api.post(`v1/poison/${stage.poison_id}/redrive`)).message);
          records = records.filter((record) => record !== stage);
        }
      } finally {
        draw();
      }
      said.replaceChildren(notice("note", `${told[0]}.`, nameOf(stages)));
    });
  await load();
  return [list, more, said];
}
