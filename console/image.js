/** One image: its renditions, scores with their reasons, EXIF, and its likes. */

import { bar, confirmed, h, notice, svg, working } from "./dom.js";
import { gradeOf, renew } from "./gallery.js";
import { api, may } from "./session.js";
import { CATEGORIES, METRICS, issueName, moment, number, percent, score, size, spoken } from "./words.js";

const SHOWN = ["zoom", "display_1080x1920", "thumb_600", "card", "thumb_300"];
const CIRCLE = 2 * Math.PI * 42;

export const dial = (value, text, label) => {
  const ring = svg("circle", { class: `value ${gradeOf(value)}`, cx: 50, cy: 50, r: 42, "stroke-dasharray": `${value * CIRCLE} ${CIRCLE}` });
  return svg("svg", { class: "dial", viewBox: "0 0 100 100", role: "img", "aria-label": `${label}: ${text}` }, svg("circle", { cx: 50, cy: 50, r: 42 }), ring, svg("text", { x: 50, y: 51 }, text));
};

export const best = (asset) => SHOWN.map((name) => asset.renditions.find(({ preset }) => preset === name)).find(Boolean) ?? asset.renditions.at(-1);

const measure = (label, share, value, note, grade = "") => h("div", { class: "measure" }, h("span", {}, label), h("span", {}, value), bar(share, label, value, grade), note && h("small", {}, note));

const metricName = (name) => METRICS[name] ?? spoken(name);

const plainNumber = (value) => (value === null || value === undefined ? "–" : Number.isInteger(value) ? number(value) : Math.abs(value) >= 100 ? number(Math.round(value)) : value.toFixed(2));

function quality(asset) {
  const found = asset.quality;
  if (found.status === "failed") return notice("warning", "It could not be scored", "Retry does it once more.");
  if (found.overall_quality === null || found.overall_quality === undefined) return notice("note", "Not scored yet", "Scores come a moment after the upload; a quality job makes up for missing ones.");
  const explanation = found.explanation;
  const suitability = found.suitability;
  return h(
    "div",
    { class: "stack" },
    h(
      "section",
      { class: "sheet stack" },
      h("div", { class: "verdict" }, dial(found.overall_quality, score(found.overall_quality), "Overall quality"), h("div", { class: "stack tight" }, h("h2", {}, "Quality"), h("div", { class: "choices" }, found.issues.length ? found.issues.map((issue) => h("span", { class: "badge bad" }, issueName(issue))) : h("span", { class: "badge good" }, "No issues")))),
      explanation
        ? explanation.parts.map(({ metric, value, goodness, weight }) => measure(metricName(metric), goodness ?? 0, score(value), goodness === null ? "Not known, and left out" : `counts ${percent(weight)}, and is ${percent(goodness)} good`, gradeOf(goodness)))
        : ["sharpness", "brightness", "contrast", "uniqueness"].map((metric) => measure(metricName(metric), found[metric] ?? 0, score(found[metric]))),
      explanation && h("details", {}, h("summary", {}, "What was checked"), checks(explanation.checks)),
    ),
    suitability &&
      h(
        "section",
        { class: "sheet stack" },
        h("div", { class: "verdict" }, dial(suitability.score / 100, String(Math.round(suitability.score)), "Suitability of 100"), h("div", {}, h("h2", {}, CATEGORIES[suitability.category]), h("p", { class: "soft small" }, "For annotation: one clear subject, well placed, at a good size."))),
        explanation?.suitability.map(({ metric, value, goodness, weight }) => measure(spoken(metric), goodness ?? 0, `${((goodness ?? 0) * weight).toFixed(0)} of ${weight}`, `measured ${plainNumber(value)}`, gradeOf(goodness))) ??
          Object.entries(suitability.parts).map(([name, points]) => measure(spoken(name), points / 25, `${points}`)),
      ),
  );
}

const checks = (rows) =>
  h(
    "table",
    {},
    h("thead", {}, h("tr", {}, h("th", {}, "Check"), h("th", { class: "figure" }, "Value"), h("th", { class: "figure" }, "Raised"), h("th", {}, ""))),
    h("tbody", {}, rows.map(({ issue, value, bound, limit, is_raised }) => h("tr", {}, h("td", {}, issueName(issue)), h("td", { class: "figure" }, plainNumber(value)), h("td", { class: "figure" }, `${bound} ${plainNumber(limit)}`), h("td", {}, is_raised ? h("span", { class: "badge bad" }, "Raised") : h("span", { class: "badge good" }, "Fine"))))),
  );

const facts = (pairs) => h("dl", { class: "facts" }, pairs.filter(([, value]) => value !== null && value !== undefined && value !== "").map(([name, value]) => [h("dt", {}, name), h("dd", {}, value)]));

const renditions = (asset) =>
  h(
    "div",
    { class: "scroll" },
    h(
      "table",
      {},
      h("thead", {}, h("tr", {}, h("th", {}, "Rendition"), h("th", { class: "figure" }, "Pixels"), h("th", { class: "figure" }, "Size"), h("th", {}, ""))),
      h("tbody", {}, asset.renditions.map(({ preset, format, width, height, bytes, url }) => h("tr", {}, h("td", {}, preset), h("td", { class: "figure" }, `${width} × ${height}`), h("td", { class: "figure" }, size(bytes)), h("td", {}, h("a", { href: url, target: "_blank", rel: "noopener", "aria-label": `Open ${preset}` }, format.toUpperCase()))))),
    ),
  );

async function nearest(asset, project) {
  const near = asset.quality.nearest ?? null;
  if (!near) return null;
  const other = await api.get(`v1/assets/${near.asset_id}`).catch(() => null);
  if (!other) return null;
  const picture = best(other);
  return h(
    "section",
    { class: "sheet stack tight" },
    h("h2", {}, "Most alike"),
    h("div", { class: "verdict" }, h("a", { class: "thumb twin-thumb", href: `#/${encodeURIComponent(project)}/image/${near.asset_id}` }, picture && h("img", { src: picture.url, alt: other.filename, onerror: (event) => renew(event.target, near.asset_id) })), h("div", {}, h("strong", {}, other.filename), h("p", { class: "soft small" }, `${near.distance} of 64 bits differ${asset.quality.issues?.includes("near_duplicate") ? ": a near duplicate" : ""}.`), h("a", { href: `#/${encodeURIComponent(project)}/compare/${asset.asset_id}?with=${near.asset_id}` }, "Compare the two"))),
  );
}

export async function view(place, { project, argument }) {
  const asset = await api.get(`v1/assets/${argument}`);
  const shown = best(asset);
  const said = h("div");
  const remove = h("button", { class: "danger", onclick: () => drop() }, "Delete");
  const again = h("button", { onclick: () => retry() }, "Retry");
  const isFailed = Object.values(asset.stages).includes("failed");
  const drop = async () => {
    if (!(await confirmed(`Delete ${asset.filename}?`, "Its renditions and scores go with it. What it takes in storage is freed at the next purge.", "Delete"))) return;
    await working(remove, said, async () => {
      await api.delete(`v1/assets/${asset.asset_id}`);
      location.hash = `#/${encodeURIComponent(project)}/gallery`;
    });
  };
  const retry = () =>
    working(again, said, async () => {
      await api.post(`v1/assets/${asset.asset_id}/retry`);
      said.replaceChildren(notice("note", "It is tried once more", "Look again in a moment."));
    });
  place.append(
    h(
      "div",
      { class: "head" },
      h("div", {}, h("a", { class: "soft small", href: `#/${encodeURIComponent(project)}/gallery` }, "Gallery"), h("h1", { class: "filename" }, asset.filename)),
      h("div", { class: "actions" }, h("a", { class: "button", href: `#/${encodeURIComponent(project)}/compare/${asset.asset_id}` }, "Compare"), may("write") && isFailed && again, may("write") && remove),
    ),
    said,
    h(
      "div",
      { class: "one" },
      h("div", { class: "plate" }, shown ? h("img", { src: shown.url, alt: asset.filename, width: shown.width, height: shown.height }) : h("p", { class: "soft" }, "No rendition yet")),
      h(
        "div",
        { class: "stack" },
        quality(asset),
        await nearest(asset, project),
        h(
          "section",
          { class: "sheet stack tight" },
          h("h2", {}, "File"),
          facts([["Format", asset.format.toUpperCase()], ["Pixels", `${number(asset.width)} × ${number(asset.height)}`], ["Size", size(asset.bytes)], ["Colour", asset.color_space], ["Added", moment(asset.created_at)], ["SHA-256", h("code", {}, asset.content_hash)]]),
        ),
        Object.keys(asset.exif).length > 0 && h("section", { class: "sheet stack tight" }, h("h2", {}, "Camera"), facts(Object.entries(asset.exif).map(([name, value]) => [spoken(name), String(value)]))),
        h("section", { class: "sheet stack tight" }, h("h2", {}, "Renditions"), renditions(asset)),
      ),
    ),
  );
}
