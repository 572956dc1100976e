/** Presets, keys, usage and purge, as far as the key reaches. */

import { confirmed, h, notice, working } from "./dom.js";
import { api, may, session } from "./session.js";
import { count, moment, number, size, spoken } from "./words.js";

const STAGES = ["thumbnails", "variants"];
const FORMATS = ["jpeg", "webp", "avif", "png"];
const MODES = { eager: "At once", on_demand: "When asked for" };
const PURGE_DAYS = 30;

const section = (title, text, ...children) => h("section", { class: "sheet stack", "aria-label": title }, h("div", {}, h("h2", {}, title), h("p", { class: "soft small" }, text)), children);

const cells = (...found) => found.map((cell) => h("td", {}, cell));

const headed = (names, rows) => h("div", { class: "scroll" }, h("table", {}, h("thead", {}, h("tr", {}, names.map((name) => h("th", { scope: "col" }, name)))), h("tbody", {}, rows)));

const choice = (label, options, value) => h("select", { "aria-label": label }, options.map(([key, text]) => h("option", { value: key, selected: key === value }, text)));

// ── Presets ──────────────────────────────────────────────────────────────────────────────────────────────────────

async function presets() {
  const said = h("div");
  const body = h("div", { class: "stack" });
  const draw = (rows) => {
    const edited = rows.map((row) => editor(row, may("write"), (one) => draw(rows.filter((other) => other !== one))));
    const save = h("button", { class: "primary", onclick: () => working(save, said, () => keep(edited)) }, "Save presets");
    const add = h("button", { onclick: () => draw([...edited.map(({ read }) => read()), { name: "", stage: "variants", box: [1600, 1600], format: "webp", quality: 80, mode: "eager", enabled: true, built_in: false }]) }, "Add a preset");
    body.replaceChildren(headed(["Made", "Name", "Width", "Height", "Format", "Quality", "Stage", "When", ""], edited.map(({ element }) => element)), ...(may("write") ? [h("div", { class: "actions" }, save, add)] : []));
  };
  const keep = async (edited) => {
    const answer = await api.put("v1/settings/presets", { presets: edited.map(({ read }) => read()) });
    draw(answer.presets);
    said.replaceChildren(notice("note", "Saved", "New images are made so from now on."));
  };
  draw((await api.get("v1/settings/presets")).presets);
  return section("Presets", "Which sizes are made of each image. The built-in ones can be switched off; your own come on top.", body, said);
}

function editor(row, isOpen, remove) {
  const isFixed = row.built_in || !isOpen;
  const enabled = h("input", { type: "checkbox", checked: row.enabled, disabled: !isOpen, "aria-label": `Make ${row.name || "this preset"}` });
  if (isFixed) return { element: h("tr", {}, cells(enabled, row.name, String(row.box[0]), String(row.box[1]), row.format.toUpperCase(), String(row.quality), spoken(row.stage), MODES[row.mode] ?? "", "")), read: () => ({ ...row, enabled: enabled.checked }) };
  const field = (label, value, attributes) => h("input", { "aria-label": label, value, ...attributes });
  const name = field("Name", row.name, { required: true, placeholder: "wall" });
  const [width, height] = row.box.map((edge, index) => field(index ? "Height" : "Width", edge, { type: "number", min: 1 }));
  const quality = field("Quality", row.quality, { type: "number", min: 1, max: 100 });
  const format = choice("Format", FORMATS.map((kind) => [kind, kind.toUpperCase()]), row.format);
  const stage = choice("Stage", STAGES.map((kind) => [kind, spoken(kind)]), row.stage);
  const mode = choice("When", Object.entries(MODES), row.mode);
  const read = () => ({ ...row, name: name.value.trim(), box: [Number(width.value), Number(height.value)], format: format.value, quality: Number(quality.value), stage: stage.value, mode: mode.value, enabled: enabled.checked });
  return { element: h("tr", {}, cells(enabled, name, width, height, format, quality, stage, mode, h("button", { class: "plain danger", type: "button", onclick: () => remove(row) }, "Remove"))), read };
}

// ── Keys ─────────────────────────────────────────────────────────────────────────────────────────────────────────

async function keys() {
  const said = h("div");
  const list = h("div");
  const load = async () => {
    const { keys: found } = await api.get("v1/keys");
    list.replaceChildren(headed(["Key", "Label", "Scopes", "Made", "Expires", ""], found.map(drawKey)));
  };
  const drawKey = (key) => {
    const revoke = h("button", { class: "plain danger" }, "Revoke");
    revoke.addEventListener("click", async () => {
      if (!(await confirmed(`Revoke ${key.key_id}?`, "Whatever uses it stops working within a minute.", "Revoke"))) return;
      await working(revoke, said, async () => (await api.delete(`v1/keys/${key.key_id}`), load()));
    });
    return h("tr", {}, cells(h("code", {}, key.key_id), key.label, key.scopes.join(", "), moment(key.created_at), key.expires_at ? moment(key.expires_at) : "Never", key.revoked_at ? "Revoked" : key.key_id === session.me.key_id ? "This one" : revoke));
  };
  const scopes = ["read", "write", "admin"].map((scope) => h("input", { type: "checkbox", value: scope, checked: scope === "read" }));
  const days = h("input", { type: "number", min: 1, placeholder: "never" });
  const label = h("input", { maxlength: 100, placeholder: "What it is for" });
  const make = h("button", { class: "primary" }, "Make a key");
  const form = h("form", { class: "fields" }, h("fieldset", { class: "actions" }, scopes.map((box) => h("label", { class: "inline" }, box, spoken(box.value)))), h("label", {}, "Label", label), h("label", {}, "Expires after days", days), h("div", {}, make));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    working(make, said, async () => {
      const expires_at = days.value ? new Date(Date.now() + days.value * 86_400_000).toISOString() : null;
      const made = await api.post("v1/keys", {}, { json: { scopes: scopes.filter(({ checked }) => checked).map(({ value }) => value), label: label.value, expires_at } });
      await load();
      said.replaceChildren(notice("warning", "Copy the key now: it is shown this once", h("code", {}, made.key)));
    });
  });
  await load();
  return section("API keys", "For people and programs. Only a fingerprint of each is stored.", list, form, said);
}

// ── Usage ────────────────────────────────────────────────────────────────────────────────────────────────────────

async function usage() {
  const own = () => api.get(`v1/metrics/tenants/${encodeURIComponent(session.me.tenant_name)}`).then((one) => [one]);
  const found = may("admin") ? (await api.get("v1/metrics")).tenants : await own();
  const rows = found.map((one) => h("tr", {}, cells(one.tenant_name), [number(one.asset_count), number(one.rendition_count), size(one.asset_bytes), size(one.rendition_bytes), size(one.total_bytes), size(one.awaiting_purge_bytes)].map((text) => h("td", {}, text))));
  return section("Usage", "What is stored. What was deleted or replaced counts as awaiting purge until it is gone.", headed(["Tenant", "Images", "Renditions", "Originals", "Renditions’ size", "Together", "Awaiting purge"], rows));
}

// ── Purge ────────────────────────────────────────────────────────────────────────────────────────────────────────

async function purge() {
  const said = h("div", { class: "stack tight" });
  const days = h("input", { type: "number", min: 0, value: PURGE_DAYS, name: "days" });
  const look = h("button", { class: "primary" }, "Look first");
  const form = h("form", { class: "fields" }, h("label", {}, "Deleted or replaced more than so many days ago", days), h("div", {}, look));
  const run = (isDry) => api.post("v1/purge", { dry_run: isDry, days: days.value });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    working(look, said, async () => {
      const { renditions_to_delete, renditions_found, cutoff_date } = await run(true);
      const go = h("button", { class: "danger", onclick: () => drop() }, `Delete ${number(renditions_to_delete)} for good`);
      const drop = async () => {
        if (!(await confirmed("Delete for good?", `${count(renditions_to_delete, "file")} cannot be brought back.`, "Delete for good"))) return;
        await working(go, said, async () => {
          const { deleted_count, deleted_bytes, errors } = await run(false);
          said.replaceChildren(notice("note", `${count(deleted_count, "file")} deleted`, `${size(deleted_bytes)} are free again.${errors.length ? ` ${count(errors.length, "file")} could not be deleted.` : ""}`));
        });
      };
      said.replaceChildren(notice("note", `Dry run: ${count(renditions_to_delete, "file")} would go`, `${number(renditions_found)} were looked at; the day is ${moment(cutoff_date)}. Nothing was deleted yet.`, renditions_to_delete > 0 && go));
    });
  });
  return section("Purge", "Frees what deleted and replaced images still take. The dry run is shown first.", form, said);
}

// ── The view ─────────────────────────────────────────────────────────────────────────────────────────────────────

const account = () => {
  const { me } = session;
  return section("Account", `You are signed in to ${me.tenant_name}.`, h("p", {}, "This key may ", me.scopes.join(", "), me.expires_at ? `, until ${moment(me.expires_at)}.` : "."));
};

const failing = (error) => {
  if (error.isAboutKey) throw error;
  return notice("problem", "A part of this cannot be shown now", error.message);
};

export async function view(place) {
  const parts = [presets, usage, ...(may("admin") ? [keys, purge] : [])];
  place.append(h("div", { class: "head" }, h("h1", {}, "Settings")));
  const drawn = await Promise.all(parts.map((part) => part().catch(failing)));
  place.append(h("div", { class: "stack" }, account(), drawn));
}
