/** The tenant's presets: which are made, and its own to change. */

import { h, notice } from "./dom.js";
import { api, may, working } from "./session.js";
import { table } from "./table.js";
import { spoken } from "./words.js";

const PATH = "v1/settings/presets";
const STAGES = ["thumbnails", "variants"];
const FORMATS = ["jpeg", "webp", "avif", "png"];
const NAME = "[a-z0-9][a-z0-9_\\-]{0,47}";
const NAME_IN_WORDS = "Small letters, digits, - and _, beginning with a letter or digit; 48 at most.";
const MODES = { eager: "At once", on_demand: "When asked for" };
const COLUMNS = { Made: "", Name: "", Width: "", Height: "", Format: "", Quality: "", Stage: "", When: "", "": "" };
const NEW = {
  name: "",
  stage: "variants",
  box: [1600, 1600],
  format: "webp",
  quality: 80,
  mode: "eager",
  enabled: true,
  built_in: false,
};

const choice = (label, options, value) =>
  h(
    "select",
    { "aria-label": label },
    options.map(([key, text]) => h("option", { value: key, selected: key === value }, text)),
  );

/** A row of the table. @returns {{cells: any[], read: () => any}} read: the preset as it is in the form */
function editor(row, remove) {
  const enabled = h("input", {
    type: "checkbox",
    checked: row.enabled,
    disabled: !may("write"),
    "aria-label": `Make ${row.name || "this preset"}`,
  });
  if (row.built_in || !may("write")) {
    const [width, height] = row.box;
    const cells = [
      enabled,
      row.name,
      width,
      height,
      row.format.toUpperCase(),
      row.quality,
      spoken(row.stage),
      MODES[row.mode],
      "",
    ];
    return { cells, read: () => ({ ...row, enabled: enabled.checked }) };
  }
  const field = (label, value, attributes) => h("input", { "aria-label": label, value, required: true, ...attributes });
  const name = field("Name", row.name, { placeholder: "wall", pattern: NAME, title: NAME_IN_WORDS });
  const width = field("Width", row.box[0], { type: "number", min: 1 });
  const height = field("Height", row.box[1], { type: "number", min: 1 });
  const format = choice(
    "Format",
    FORMATS.map((kind) => [kind, kind.toUpperCase()]),
    row.format,
  );
  const quality = field("Quality", row.quality, { type: "number", min: 1, max: 100 });
  const stage = choice(
    "Stage",
    STAGES.map((kind) => [kind, spoken(kind)]),
    row.stage,
  );
  const mode = choice("When", Object.entries(MODES), row.mode);
  const drop = h("button", { class: "plain danger", type: "button", onclick: remove }, "Remove");
  const read = () => ({
    ...row,
    name: name.value.trim(),
    box: [Number(width.value), Number(height.value)],
    format: format.value,
    quality: Number(quality.value),
    stage: stage.value,
    mode: mode.value,
    enabled: enabled.checked,
  });
  return { cells: [enabled, name, width, height, format, quality, stage, mode, drop], read };
}

/** The form with all presets. */
export async function presets() {
  const said = h("div");
  const body = h("div");
  let editors = [];
  let etag;
  const read = () => editors.map((one) => one.read());
  const draw = (rows) => {
    editors = rows.map((row, index) => editor(row, () => draw(read().filter((_, other) => other !== index))));
    body.replaceChildren(
      table(
        COLUMNS,
        editors.map(({ cells }) => cells),
      ),
    );
  };
  const show = (answer) => {
    etag = answer.etag;
    draw(answer.data.presets);
  };
  const save = h("button", { class: "primary" }, "Save presets");
  const add = h("button", { type: "button", onclick: () => draw([...read(), NEW]) }, "Add a preset");
  const submit = (event) => {
    event.preventDefault();
    working(save, said, async () => {
      show(await api.ask("PUT", PATH, { json: { presets: read() }, headers: { "If-Match": etag } }));
      said.replaceChildren(notice("note", "Saved", "New images are made so from now on."));
    });
  };
  show(await api.ask("GET", PATH));
  return h(
    "form",
    { class: "stack", onsubmit: submit },
    body,
    may("write") && h("div", { class: "actions" }, save, add),
    said,
  );
}
