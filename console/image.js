/** One image: its renditions, scores with their reasons, EXIF, and its likes. */

import { offer } from "./compare.js";
import { bar, confirmed, h, linkTo, notice, svg } from "./dom.js";
import { onDrop } from "./drops.js";
import { backTo, leaveOut } from "./gallery.js";
import { bestOf, picture } from "./picture.js";
import { api, may, working } from "./session.js";
import { CATEGORIES, METRICS, SUITABILITY, gradeOf, issueName, score } from "./score_words.js";
import { table } from "./table.js";
import { moment, named, number, percent, reason, size, spoken } from "./words.js";

const CIRCLE = 2 * Math.PI * 42;
const POINTS = { subject_size: 25, positioning: 20, resolution: 20, contrast: 15, single_subject: 20 };

const dial = (value, text, label) => {
  const drawn = {
    class: `value ${gradeOf(value)}`,
    cx: 50,
    cy: 50,
    r: 42,
    "stroke-dasharray": `${value * CIRCLE} ${CIRCLE}`,
  };
  return svg(
    "svg",
    { class: "dial", viewBox: "0 0 100 100", role: "img", "aria-label": `${label}: ${text}` },
    svg("circle", { cx: 50, cy: 50, r: 42 }),
    svg("circle", drawn),
    svg("text", { x: 50, y: 51 }, text),
  );
};

/** A bar of how good a value is, with the value and why. */
const measure = (label, goodness, value, note) =>
  h(
    "div",
    { class: "measure" },
    h("span", {}, label),
    h("span", {}, value),
    bar(goodness ?? 0, label, value, gradeOf(goodness)),
    note && h("small", {}, note),
  );

/** Whole and large numbers without a fraction. */
const plain = (value) => {
  if (value === null || value === undefined) return "–";
  return Number.isInteger(value) || Math.abs(value) >= 100 ? number(Math.round(value)) : value.toFixed(2);
};

const badges = (issues) =>
  issues.length
    ? issues.map((issue) => h("span", { class: "badge bad" }, issueName(issue)))
    : h("span", { class: "badge good" }, "No issues");

const because = (error) => `${error ? `${reason(error)} ` : ""}Retry does it once more.`;

function qualityOf({ quality, errors }) {
  if (quality.status === "failed") return notice("warning", "It could not be scored", because(errors.quality));
  if (gradeOf(quality.overall_quality) === "")
    return notice(
      "note",
      "Not scored yet",
      "Scores come a moment after the upload; a quality job makes up for missing ones.",
    );
  return [overallOf(quality), quality.suitability && suitabilityOf(quality)];
}

function overallOf(quality) {
  const { explanation, overall_quality: overall, issues } = quality;
  const parts = explanation
    ? explanation.parts.map(({ metric, value, goodness, weight }) => {
        const note =
          goodness === null ? "not known, and left out" : `counts ${percent(weight)}, and is ${percent(goodness)} good`;
        return measure(METRICS[metric], goodness, score(value), note);
      })
    : Object.keys(METRICS)
        .slice(1)
        .map((metric) => measure(METRICS[metric], quality[metric], score(quality[metric])));
  return h(
    "section",
    { class: "sheet stack" },
    h(
      "div",
      { class: "verdict" },
      dial(overall, score(overall), "Overall quality"),
      h("div", { class: "stack tight" }, h("h2", {}, "Quality"), h("div", { class: "choices" }, badges(issues))),
    ),
    parts,
    explanation && h("details", {}, h("summary", {}, "What was checked"), checks(explanation.checks)),
    explanation &&
      h(
        "p",
        { class: "soft small" },
        `Red ${score(quality.red_avg)} · green ${score(quality.green_avg)} · blue ${score(quality.blue_avg)} on average. Scored ${moment(quality.computed_at)} by version ${quality.scorer_version}.`,
      ),
  );
}

function suitabilityOf({ suitability, explanation }) {
  const parts = explanation
    ? explanation.suitability.map(({ metric, value, goodness, weight }) => {
        const [label, inWords] = SUITABILITY[metric] ?? [spoken(metric), plain];
        return measure(
          label,
          goodness,
          `${((goodness ?? 0) * weight).toFixed(0)} of ${weight}`,
          value !== null && inWords(value),
        );
      })
    : Object.entries(suitability.parts).map(([name, points]) =>
        measure(spoken(name), points / POINTS[name], `${plain(points)} of ${POINTS[name]}`),
      );
  return h(
    "section",
    { class: "sheet stack" },
    h(
      "div",
      { class: "verdict" },
      dial(suitability.score / 100, String(Math.round(suitability.score)), "Suitability of 100"),
      h(
        "div",
        {},
        h("h2", {}, CATEGORIES[suitability.category]),
        h("p", { class: "soft small" }, "For annotation: one clear subject, well placed, at a good size."),
      ),
    ),
    parts,
  );
}

const checks = (rows) =>
  table(
    { Check: "", Result: "", Value: "figure", "Raised if": "figure" },
    rows.map(({ issue, value, bound, limit, is_raised }) => [
      issueName(issue),
      h("span", { class: `badge ${is_raised ? "bad" : "good"}` }, is_raised ? "Raised" : "Fine"),
      plain(value),
      `${bound} ${plain(limit)}`,
    ]),
  );

const section = (title, ...children) => h("section", { class: "sheet stack tight" }, h("h2", {}, title), children);

const facts = (pairs) =>
  h(
    "dl",
    { class: "facts" },
    pairs
      .filter(([, value]) => value !== null && value !== undefined && value !== "")
      .map(([name, value]) => [h("dt", {}, name), h("dd", {}, value)]),
  );

const fileOf = (asset) =>
  facts([
    ["Format", asset.format.toUpperCase()],
    ["Pixels", `${asset.width} × ${asset.height}`],
    ["Size", size(asset.bytes)],
    ["Colour", asset.color_space],
    ["Added", moment(asset.created_at)],
    ["SHA-256", h("code", {}, asset.content_hash)],
    ["Perceptual hash", asset.quality.perceptual_hash && h("code", {}, asset.quality.perceptual_hash)],
  ]);

const renditionsOf = (asset) =>
  table(
    { Rendition: "", Pixels: "figure", Size: "figure", Format: "" },
    asset.renditions.map(({ preset, format, width, height, bytes, url }) => [
      h("a", { href: url, target: "_blank", rel: "noopener", "aria-label": `Open ${preset}` }, preset),
      `${width} × ${height}`,
      size(bytes),
      format.toUpperCase(),
    ]),
  );

async function nearestOf(asset, project) {
  const near = asset.quality.nearest;
  const other = near && (await api.get(`v1/assets/${near.asset_id}`).catch(() => null));
  if (!other) return null;
  const shown = bestOf(other);
  const differ = `${near.distance} of 64 bits differ${asset.quality.issues.includes("near_duplicate") ? ": a near duplicate" : ""}.`;
  return section(
    "Most alike",
    h(
      "div",
      { class: "verdict" },
      h(
        "a",
        { class: "thumb twin-thumb", href: linkTo(project, "image", near.asset_id), "aria-label": other.filename },
        shown && picture(shown.url, near.asset_id),
      ),
      h(
        "div",
        { class: "filename" },
        h("strong", {}, other.filename),
        h("p", { class: "soft small" }, differ),
        h("a", { href: linkTo(project, "compare", asset.asset_id, { with: near.asset_id }) }, "Compare the two"),
        " · ",
        h("a", { href: linkTo(project, "duplicates") }, "All duplicates"),
      ),
    ),
  );
}

/** Compare, Retry and Delete, as far as the key and the image allow. */
function actionsOf(asset, project, said) {
  const drop = async () => {
    const text = "Its renditions and scores go with it. What it takes in storage is freed at the next purge.";
    if (!(await confirmed(`Delete ${named(asset.filename)}?`, text, "Delete"))) return;
    await working(remove, said, async () => {
      await api.delete(`v1/assets/${asset.asset_id}`);
      leaveOut(asset.asset_id);
      location.hash = backTo(project);
    });
  };
  const retry = () =>
    working(again, said, async () => {
      await api.post(`v1/assets/${asset.asset_id}/retry`);
      said.replaceChildren(notice("note", "It is tried once more", "Look again in a moment."));
    });
  const remove = h("button", { class: "danger", onclick: drop }, "Delete");
  const again = h("button", { onclick: retry }, "Retry");
  const isFailed = Object.values(asset.stages).includes("failed");
  return h(
    "div",
    { class: "actions" },
    h("a", { class: "button", href: linkTo(project, "compare", asset.asset_id) }, "Compare"),
    may("write") && isFailed && again,
    may("write") && remove,
  );
}

export async function view(place, { project, argument, signal }) {
  const asset = await api.get(`v1/assets/${argument}`);
  const shown = bestOf(asset);
  const said = h("div");
  const exif = Object.entries(asset.exif).map(([name, value]) => [spoken(name), String(value)]);
  place.append(
    h(
      "div",
      { class: "head" },
      h(
        "div",
        {},
        h("a", { class: "soft small", href: backTo(project) }, "Gallery"),
        h("h1", { class: "filename" }, asset.filename),
      ),
      actionsOf(asset, project, said),
    ),
    said,
    h(
      "div",
      { class: "one" },
      h(
        "div",
        { class: "plate" },
        shown
          ? picture(shown.url, asset.asset_id, { alt: asset.filename, width: shown.width, height: shown.height })
          : asset.stages.variants === "failed"
            ? notice("warning", "Renditions could not be made", because(asset.errors.variants))
            : h("p", { class: "soft" }, "No rendition yet"),
      ),
      h("div", { class: "stack why" }, qualityOf(asset), await nearestOf(asset, project)),
      h(
        "div",
        { class: "stack what" },
        section("File", fileOf(asset)),
        exif.length > 0 && section("Camera", facts(exif)),
        section("Renditions", renditionsOf(asset)),
      ),
    ),
  );
  onDrop(([file]) => {
    if (!file) return;
    offer(file);
    location.hash = linkTo(project, "compare", asset.asset_id);
  }, signal);
}
