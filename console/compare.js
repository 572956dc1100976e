/** Two images over each other, with a slider between them, and what sets them apart. */

import { contentType } from "./client.js";
import { h, icon, notice } from "./dom.js";
import { best } from "./image.js";
import { api } from "./session.js";
import { size, spoken } from "./words.js";

/** API Gateway takes 10 MB, and Lambda 6 MB as text: larger ones go by way of S3. */
const DIRECT_BYTES = 4e6;
const GRADES = { excellent: "good", good: "good", identical: "good", fair: "fair", acceptable: "fair", different: "bad" };

/** @param {File} file @returns {Promise<any>} */
async function compareFile(assetId, file) {
  if (file.size <= DIRECT_BYTES) return api.post(`v1/assets/${assetId}/compare`, {}, { body: file, headers: { "Content-Type": contentType(file) ?? "application/octet-stream" } });
  const grant = await api.post("v1/compare/grants", {}, { json: { content_type: contentType(file) ?? "application/octet-stream", bytes: file.size } });
  const form = new FormData();
  for (const [name, value] of Object.entries(grant.upload.fields)) form.append(name, value);
  form.append("file", file);
  const answer = await fetch(grant.upload.url, { method: "POST", body: form });
  if (!answer.ok) throw new Error("S3 did not take the image.");
  return api.post(`v1/assets/${assetId}/compare`, {}, { json: { scratch_id: grant.scratch_id } });
}

const wipe = (left, right, names) => {
  const slider = h("input", { type: "range", min: 0, max: 100, step: 0.5, value: 50, "aria-label": `Slide between ${names[0]} and ${names[1]}` });
  const frame = h("div", { class: "wipe" }, h("img", { src: left, alt: names[0] }), h("img", { src: right, alt: names[1] }), h("span", { class: "left" }, names[0]), h("span", { class: "right" }, names[1]), slider);
  slider.addEventListener("input", () => frame.style.setProperty("--at", `${slider.value}%`));
  return frame;
};

const shown = (value, digits = 2) => (value === null || value === undefined ? "–" : typeof value === "number" ? value.toFixed(digits) : String(value));

function table({ comparisons, note }) {
  const rows = Object.entries(comparisons).map(([name, found]) =>
    h(
      "tr",
      {},
      h("th", { scope: "row" }, name),
      h("td", { class: "figure" }, found.file_size_bytes ? size(found.file_size_bytes) : "–"),
      h("td", { class: "figure" }, found.identical ? "∞" : shown(found.psnr_db, 1)),
      h("td", { class: "figure" }, shown(found.ssim, 3)),
      h("td", { class: "figure" }, shown(found.perceptual_hash_distance, 0)),
      h("td", {}, h("span", { class: `badge ${GRADES[found.verdict.likeness] ?? ""}` }, found.verdict.likeness ? spoken(found.verdict.likeness) : "–")),
      h("td", {}, found.verdict.quality ? spoken(found.verdict.quality) : "–"),
    ),
  );
  return h(
    "section",
    { class: "sheet stack tight", "data-comparison": "" },
    h("h2", {}, "What sets them apart"),
    h("div", { class: "scroll" }, h("table", {}, h("thead", {}, h("tr", {}, h("th", {}, "Against"), h("th", { class: "figure" }, "Size"), h("th", { class: "figure" }, "PSNR, dB"), h("th", { class: "figure" }, "SSIM"), h("th", { class: "figure" }, "Hash bits"), h("th", {}, "Likeness"), h("th", {}, "Quality"))), h("tbody", {}, rows))),
    note && h("p", { class: "soft small" }, note),
  );
}

export async function view(place, { project, argument, query }) {
  const asset = await api.get(`v1/assets/${argument}`);
  const picture = best(asset);
  const result = h("div", { class: "stack" });
  let address = null;
  const forget = () => address && URL.revokeObjectURL(address);
  const input = h("input", { type: "file", accept: "image/*", hidden: true, "data-choose": "compare", onchange: () => input.files[0] && take(input.files[0]) });
  const drop = h("section", { class: "drop slim" }, icon("upload"), h("div", {}, h("h2", {}, "Drop an image to compare with"), h("p", { class: "soft small" }, "It is looked at and not kept.")), h("div", { class: "actions" }, h("button", { onclick: () => input.click() }, "Choose an image")));

  const show = async (url, name, answer) => {
    result.replaceChildren(...(picture && url ? [wipe(picture.url, url, [asset.filename, name])] : []), h("p", { class: "soft", role: "status" }, "Comparing…"));
    try {
      const found = await answer;
      result.lastChild.replaceWith(table(found));
    } catch (error) {
      result.lastChild.replaceWith(notice("problem", "They cannot be compared", error.message));
    }
  };
  const take = async (file) => {
    forget();
    address = URL.createObjectURL(file);
    input.value = "";
    await show(address, file.name, compareFile(asset.asset_id, file));
  };
  const onDrag = (event) => {
    event.preventDefault();
    document.body.classList.toggle("dragging", event.type === "dragover");
    if (event.type === "drop" && event.dataTransfer.files[0]) take(event.dataTransfer.files[0]);
  };
  for (const name of ["dragover", "dragleave", "drop"]) addEventListener(name, onDrag);

  place.append(h("div", { class: "head" }, h("div", {}, h("a", { class: "soft small", href: `#/${encodeURIComponent(project)}/image/${asset.asset_id}` }, asset.filename), h("h1", {}, "Compare"))), h("div", { class: "stack" }, drop, input, result));
  const other = query.get("with");
  if (other) {
    const second = await api.get(`v1/assets/${other}`);
    void show(best(second)?.url, second.filename, api.post(`v1/assets/${asset.asset_id}/compare`, {}, { json: { asset_id: other } }));
  } else if (picture) result.append(h("div", { class: "plate" }, h("img", { src: picture.url, alt: asset.filename })));
  return () => {
    forget();
    for (const name of ["dragover", "dragleave", "drop"]) removeEventListener(name, onDrag);
    document.body.classList.remove("dragging");
  };
}
