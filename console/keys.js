/** The tenant's API keys: made, rotated, revoked. */

import { confirmed, h, notice } from "./dom.js";
import { api, session, working } from "./session.js";
import { table } from "./table.js";
import { moment, spoken } from "./words.js";

const SCOPES = ["read", "write", "admin"];
const COLUMNS = { Key: "", Label: "", Scopes: "", Made: "", Expires: "", "": "" };
const DAY_MS = 86_400_000;

/** All keys, and a form for another. @returns {Promise<HTMLElement[]>} */
export async function keys() {
  const said = h("div");
  const list = h("div");
  const load = async () => {
    const found = await api.get("v1/keys");
    list.replaceChildren(table(COLUMNS, found.keys.map(row)));
  };
  const row = (key) => [
    h("code", {}, key.key_id),
    key.label || "–",
    key.scopes.join(", "),
    moment(key.created_at),
    key.expires_at ? moment(key.expires_at) : "Never",
    key.revoked_at ? "Revoked" : actionsOf(key),
  ];
  const actionsOf = ({ key_id }) => {
    const isOwn = key_id === session.me.key_id;
    const rotate = button("Rotate", `Rotate ${key_id}`, async () => {
      const text = "A new key takes its place. This one goes on for a day, so that there is time to change over.";
      if (await confirmed(`Rotate ${key_id}?`, text, "Rotate")) await run(rotate, `v1/keys/${key_id}/rotate`, {});
    });
    const revoke = button("Revoke", `Revoke ${key_id}`, async () => {
      if (!(await confirmed(`Revoke ${key_id}?`, "Whatever uses it stops working within a minute.", "Revoke"))) return;
      await working(revoke, said, async () => {
        await api.delete(`v1/keys/${key_id}`);
        await load();
      });
    });
    return h("div", { class: "actions" }, rotate, isOwn ? h("span", { class: "soft" }, "This one") : revoke);
  };
  const run = (by, path, wanted) =>
    working(by, said, async () => {
      const made = await api.post(path, {}, { json: wanted });
      await load();
      said.replaceChildren(notice("warning", "Copy the key now: it is shown this once", h("code", {}, made.key)));
    });
  await load();
  return [list, maker((by, wanted) => run(by, "v1/keys", wanted), said), said];
}

const button = (text, label, onclick) =>
  h("button", { class: `plain ${text === "Revoke" ? "danger" : ""}`, "aria-label": label, onclick }, text);

function maker(make, said) {
  const scopes = SCOPES.map((scope) => h("input", { type: "checkbox", value: scope, checked: scope === "read" }));
  const label = h("input", { maxlength: 100, placeholder: "What it is for" });
  const days = h("input", { type: "number", min: 1, placeholder: "never" });
  const go = h("button", { class: "primary" }, "Make a key");
  const submit = (event) => {
    event.preventDefault();
    const chosen = scopes.filter(({ checked }) => checked).map(({ value }) => value);
    if (!chosen.length)
      return said.replaceChildren(notice("problem", "Choose what the key may do", "To read, at the least."));
    const expires_at = days.value ? new Date(Date.now() + days.value * DAY_MS).toISOString() : null;
    make(go, { scopes: chosen, label: label.value, expires_at });
  };
  return h(
    "form",
    { class: "fields", onsubmit: submit },
    h(
      "fieldset",
      { class: "actions" },
      h("legend", { class: "unseen" }, "Scopes"),
      scopes.map((box) => h("label", { class: "inline" }, box, spoken(box.value))),
    ),
    h("label", {}, "Label", label),
    h("label", {}, "Expires after days", days),
    h("div", {}, go),
  );
}
