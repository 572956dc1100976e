/** Account, presets, usage, keys and purge, as far as the key reaches. */

import { confirmed, h, notice, table } from "./dom.js";
import { presets } from "./presets.js";
import { api, may, session, working } from "./session.js";
import { count, moment, number, size, spoken } from "./words.js";

const PURGE_DAYS = 30;
const SCOPES = ["read", "write", "admin"];
const ALLOWED = [["read", "look"], ["write", "change"], ["admin", "administer"]];
const DAY_MS = 86_400_000;

const section = (title, text, ...children) =>
  h(
    "section",
    { class: "sheet stack", "aria-label": title },
    h("div", {}, h("h2", {}, title), h("p", { class: "soft small" }, text)),
    children,
  );

const account = () => {
  const { tenant_name, expires_at } = session.me;
  const until = expires_at ? `, until ${moment(expires_at)}` : "";
  return section(
    "Account",
    `You are signed in to ${tenant_name}.`,
    h("p", {}, `This key may ${ALLOWED.filter(([scope]) => may(scope)).map(([, verb]) => verb).join(", ")}${until}.`),
  );
};

const presetsSection = async () =>
  section(
    "Presets",
    "Which sizes are made of each image. The built-in ones can be switched off; your own come on top.",
    await presets(),
  );

// ── Usage ────────────────────────────────────────────────────────────────────────────────────────────────────────

async function usage() {
  const found = [];
  if (may("admin")) for await (const page of api.pages("v1/metrics")) found.push(...page.tenants);
  else found.push(await api.get(`v1/metrics/tenants/${encodeURIComponent(session.me.tenant_name)}`));
  const columns = {
    Tenant: "",
    Images: "figure",
    Renditions: "figure",
    "Size of originals": "figure",
    "Size of renditions": "figure",
    Together: "figure",
    "Awaiting purge": "figure",
  };
  const rows = found.map((one) => [
    one.tenant_name,
    number(one.asset_count),
    number(one.rendition_count),
    size(one.asset_bytes),
    size(one.rendition_bytes),
    size(one.total_bytes),
    size(one.awaiting_purge_bytes),
  ]);
  return section(
    "Usage",
    "What is stored. What was deleted or replaced counts as awaiting purge until it is gone.",
    table(columns, rows),
  );
}

// ── Keys ─────────────────────────────────────────────────────────────────────────────────────────────────────────

async function keys() {
  const said = h("div");
  const list = h("div");
  const load = async () => {
    const { keys: found } = await api.get("v1/keys");
    list.replaceChildren(table({ Key: "", Label: "", Scopes: "", Made: "", Expires: "", State: "" }, found.map(row)));
  };
  const row = (key) => [
    h("code", {}, key.key_id),
    key.label,
    key.scopes.join(", "),
    moment(key.created_at),
    key.expires_at ? moment(key.expires_at) : "Never",
    key.revoked_at ? "Revoked" : key.key_id === session.me.key_id ? "This one" : revoking(key.key_id),
  ];
  const revoking = (keyId) => {
    const revoke = async () => {
      if (!(await confirmed(`Revoke ${keyId}?`, "Whatever uses it stops working within a minute.", "Revoke"))) return;
      await working(button, said, async () => {
        await api.delete(`v1/keys/${keyId}`);
        await load();
      });
    };
    const button = h("button", { class: "plain danger", onclick: revoke }, "Revoke");
    return button;
  };
  const make = async (wanted) => {
    const made = await api.post("v1/keys", {}, { json: wanted });
    await load();
    said.replaceChildren(notice("warning", "Copy the key now: it is shown this once", h("code", {}, made.key)));
  };
  await load();
  return section(
    "API keys",
    "For people and programs. Only a fingerprint of each is stored.",
    list,
    keyMaker(make, said),
    said,
  );
}

function keyMaker(make, said) {
  const scopes = SCOPES.map((scope) => h("input", { type: "checkbox", value: scope, checked: scope === "read" }));
  const label = h("input", { maxlength: 100, placeholder: "What it is for" });
  const days = h("input", { type: "number", min: 1, placeholder: "never" });
  const button = h("button", { class: "primary" }, "Make a key");
  const submit = (event) => {
    event.preventDefault();
    const chosen = scopes.filter(({ checked }) => checked).map(({ value }) => value);
    if (!chosen.length)
      return said.replaceChildren(notice("problem", "Choose what the key may do", "Reading at the least."));
    const expires_at = days.value ? new Date(Date.now() + days.value * DAY_MS).toISOString() : null;
    working(button, said, () => make({ scopes: chosen, label: label.value, expires_at }));
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
    h("div", {}, button),
  );
}

// ── Purge ────────────────────────────────────────────────────────────────────────────────────────────────────────

/** One call ends when its time runs out; a real run is called again until nothing is left. */
async function runPurge(days, isDry) {
  const sum = { files: 0, deleted: 0, bytes: 0, errors: 0 };
  for (;;) {
    const found = await api.post("v1/purge", { dry_run: isDry, days });
    sum.files += found.originals_to_delete + found.renditions_to_delete;
    sum.deleted += found.deleted_count;
    sum.bytes += found.deleted_bytes;
    sum.errors += found.errors.length;
    if (isDry || !found.has_more || !found.deleted_count)
      return { ...sum, isAll: !found.has_more, cutoff: found.cutoff_date };
  }
}

function purge() {
  const said = h("div");
  const days = h("input", { type: "number", min: 0, value: PURGE_DAYS, name: "days" });
  const look = h("button", { class: "primary" }, "Look first");
  const submit = (event) => {
    event.preventDefault();
    working(look, said, async () => said.replaceChildren(forecast(await runPurge(days.value, true), days.value)));
  };
  const forecast = ({ files, isAll, cutoff }, chosen) => {
    const many = `${isAll ? "" : "at least "}${count(files, "file")}`;
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
  return section(
    "Purge",
    "Frees what deleted images and replaced renditions still take, of all tenants. The dry run is shown first. What was deleted within the last day always stays.",
    form,
    said,
  );
}

// ── The view ─────────────────────────────────────────────────────────────────────────────────────────────────────

const failing = (error) => {
  if (error.isAboutKey) throw error;
  return notice("problem", "A part of this cannot be shown now", error.message);
};

export async function view(place) {
  const parts = [account, presetsSection, usage, ...(may("admin") ? [keys, purge] : [])];
  place.append(h("div", { class: "head" }, h("h1", {}, "Settings")));
  place.append(
    h(
      "div",
      { class: "stack" },
      await Promise.all(parts.map(async (part) => part()).map((drawn) => drawn.catch(failing))),
    ),
  );
}
