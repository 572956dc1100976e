/** What a tenant may hold, and how much it may send at once. */

import { h, notice } from "./dom.js";
import { api, session, working } from "./session.js";

const GB = 1e9;

const field = (name, label, attributes) => {
  const input = h("input", { type: "number", name, min: 0, placeholder: "no limit", ...attributes });
  return { input, element: h("label", {}, label, input) };
};

/**
 * A form for the quotas of one of these tenants.
 * @param {{tenant_id: string, tenant_name: string, quotas: object}[]} tenants @param {() => void} onSaved
 * @returns {HTMLElement[]}
 */
export function quotas(tenants, onSaved) {
  const said = h("div");
  const assets = field("assets", "Images");
  const bytes = field("bytes", "Size of originals (GB)", { step: "any" });
  const files = field("files_per_session", "Files in one upload", { min: 1 });
  const save = h("button", { class: "primary" }, "Save quotas");
  const chosen = () => tenants.find(({ tenant_id }) => tenant_id === tenant.value);
  const show = () => {
    const held = chosen().quotas;
    assets.input.value = held.assets ?? "";
    bytes.input.value = held.bytes === null ? "" : held.bytes / GB;
    files.input.value = held.files_per_session ?? "";
    said.replaceChildren();
  };
  const tenant = h(
    "select",
    { name: "tenant", onchange: show },
    tenants.map(({ tenant_id, tenant_name }) =>
      h("option", { value: tenant_id, selected: tenant_id === session.me.tenant_id }, tenant_name),
    ),
  );
  const read = ({ input }, unit = 1) => (input.value === "" ? null : Math.round(input.value * unit));
  const submit = (event) => {
    event.preventDefault();
    const one = chosen();
    const wanted = { assets: read(assets), bytes: read(bytes, GB), files_per_session: read(files) };
    working(save, said, async () => {
      one.quotas = (await api.put(`v1/tenants/${one.tenant_id}/quotas`, wanted)).quotas;
      onSaved();
      said.replaceChildren(notice("note", "Saved", `They hold for uploads of ${one.tenant_name} that begin from now on.`));
    });
  };
  show();
  const form = h(
    "form",
    { class: "fields", onsubmit: submit },
    h("label", {}, "Tenant", tenant),
    [assets, bytes, files].map(({ element }) => element),
    h("div", {}, save),
  );
  return [form, said];
}
