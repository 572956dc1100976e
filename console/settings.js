/** Account, presets, usage, quotas, what was given up, keys and purge, as far as the key reaches. */

import { h, notice } from "./dom.js";
import { givenUp } from "./given_up.js";
import { keys } from "./keys.js";
import { presets } from "./presets.js";
import { purge } from "./purge.js";
import { quotas } from "./quotas.js";
import { api, may, session, working } from "./session.js";
import { table } from "./table.js";
import { moment, number, size } from "./words.js";

const VERBS = { read: "look at everything", write: "upload and change", admin: "administer" };

const section = (title, text, ...children) =>
  h(
    "section",
    { class: "sheet stack", "aria-label": title },
    h("div", {}, h("h2", {}, title), h("p", { class: "soft small" }, text)),
    children,
  );

const account = () => {
  const { tenant_name, expires_at } = session.me;
  const verbs = Object.keys(VERBS).filter(may);
  const allowed = verbs.map((scope) => VERBS[scope]).join(", ");
  const until = expires_at ? `It works until ${moment(expires_at)}.` : "It does not expire.";
  return section("Account", `You are signed in to ${tenant_name}.`, h("p", {}, `This key may ${allowed}. ${until}`));
};

const presetsSection = async () =>
  section(
    "Presets",
    "Which sizes are made of each image. The built-in ones can be switched off; your own come on top.",
    await presets(),
  );

/** "13 of 100": what is held, and what may be. */
const held = (value, most, show) => (most === null || most === undefined ? show(value) : `${show(value)} of ${show(most)}`);

const COLUMNS = {
  Tenant: "",
  Images: "figure",
  Renditions: "figure",
  "Size of originals": "figure",
  "Size of renditions": "figure",
  Together: "figure",
  "Awaiting purge": "figure",
};

const row = (one) => [
  one.tenant_name,
  held(one.asset_count, one.quotas?.assets, number),
  number(one.rendition_count),
  held(one.asset_bytes, one.quotas?.bytes, size),
  size(one.rendition_bytes),
  size(one.total_bytes),
  size(one.awaiting_purge_bytes),
];

async function usage() {
  const found = [];
  if (may("admin")) for await (const page of api.pages("v1/metrics")) found.push(...page.tenants);
  else found.push(await api.get(`v1/metrics/tenants/${encodeURIComponent(session.me.tenant_name)}`));
  const place = h("div");
  const draw = () => place.replaceChildren(table(COLUMNS, found.map(row)));
  draw();
  return [
    section(
      "Usage",
      "What is stored. What was deleted or replaced counts as awaiting purge until it is gone.",
      place,
    ),
    may("admin") &&
      section(
        "Quotas",
        "How much a tenant may hold, and how many files one of its uploads may have. An empty field is no limit. Nothing is deleted where a tenant holds more already.",
        quotas(found, draw),
      ),
  ];
}

const givenUpSection = async () =>
  section(
    "Given up",
    "What failed several times over, and is not tried any more by itself. What was retried from its upload since then stays listed for two weeks.",
    await givenUp(),
  );

const keysSection = async () =>
  section("API keys", "For people and programs. Only a fingerprint of each is stored.", await keys());

const purgeSection = () =>
  section(
    "Purge",
    "Frees what deleted images and replaced renditions still take, of all tenants. The dry run is shown first. What was deleted within the last day always stays.",
    purge(),
  );

/** A part of the page; or why it cannot be shown, with a way to try again. @returns {Promise<HTMLElement[]>} */
async function drawn(part) {
  try {
    return [await part()].flat().filter(Boolean);
  } catch (error) {
    if (error.isAboutKey) throw error;
    const retry = () => working(again, h("div"), async () => told.replaceWith(...(await drawn(part))));
    const again = h("button", { onclick: retry }, "Try again");
    const told = notice("problem", "A part of this cannot be shown now", error.message, again);
    return [told];
  }
}

export async function view(place) {
  const parts = [account, presetsSection, usage, givenUpSection, ...(may("admin") ? [keysSection, purgeSection] : [])];
  place.append(h("div", { class: "head" }, h("h1", {}, "Settings")));
  place.append(h("div", { class: "stack" }, await Promise.all(parts.map(drawn))));
}
