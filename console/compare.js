/** Two images over each other, with a slider between them, and what sets them apart. */

import { sendFile } from "./api.js";
import { h, icon, linkTo, notice } from "./dom.js";
import { onDrop } from "./drops.js";
import { bestOf, picture } from "./picture.js";
import { api, askForKey, may } from "./session.js";
import { table } from "./table.js";
import { contentType } from "./upload_job.js";
import { size, spoken } from "./words.js";

/** What the API takes in a body, as Lambda takes 6 MB as text: what is larger goes by way of S3. */
const DIRECT_BYTES = 4_400_000;
const TOO_LARGE = `This key can compare images of up to ${size(DIRECT_BYTES)}: a larger one is uploaded first, for which a key needs the scope “write”.`;
const GRADES = {
  excellent: "good",
  good: "good",
  lower: "bad",
  identical: "good",
  "very similar": "good",
  similar: "fair",
  different: "bad",
};
const NOTE =
  "Compared upright, in 8-bit sRGB on white, at the size of the smaller one. The likeness goes by the hash, which sees shapes and not sharpness.";

let offered = null;

/** Have a file compared by the view that opens next. */
export const offer = (file) => {
  offered = file;
};

/** @param {File} file @returns {Promise<any>} */
async function compareFile(assetId, file) {
  const path = `v1/assets/${assetId}/compare`;
  const type = contentType(file) ?? "application/octet-stream";
  if (file.size <= DIRECT_BYTES) return api.post(path, {}, { body: file, headers: { "Content-Type": type } });
  if (!may("write")) throw new Error(TOO_LARGE);
  const grant = await api.post("v1/compare/grants", {}, { json: { content_type: type, bytes: file.size } });
  const status = await sendFile(grant.upload, file);
  if (status >= 300) throw new Error("S3 did not take the image.");
  return api.post(path, {}, { json: { scratch_id: grant.scratch_id } });
}

/** @param {{url: string, width: number, height: number}} left @param {string} right */
const wipe = (left, right, names) => {
  const label = `Slide between ${names[0]} and ${names[1]}`;
  const slider = h("input", { type: "range", min: 0, max: 100, step: 0.5, value: 50, "aria-label": label });
  const frame = h(
    "div",
    { class: "wipe" },
    h("img", { src: left.url, alt: names[0] }),
    // A browser may not know the format.
    h("img", { src: right, alt: names[1], onerror: () => frame.remove() }),
    h("span", { class: "left" }, names[0]),
    h("span", { class: "right" }, names[1]),
    slider,
  );
  frame.style.setProperty("--shape", left.width / left.height);
  slider.addEventListener("input", () => frame.style.setProperty("--at", `${slider.value}%`));
  return frame;
};

const figure = (value, digits) => (value === null || value === undefined ? "–" : value.toFixed(digits));

const badge = (word) => (word ? h("span", { class: `badge ${GRADES[word] ?? ""}` }, spoken(word)) : "–");

const values = ({ comparisons }) =>
  h(
    "section",
    { class: "sheet stack tight", "data-comparison": "" },
    h("h2", {}, "What sets them apart"),
    table(
      {
        Against: "",
        "PSNR, dB": "figure",
        Quality: "",
        "Hash bits": "figure",
        Likeness: "",
        SSIM: "figure",
        Size: "figure",
      },
      Object.entries(comparisons).map(([name, found]) => [
        found.alignment === "stretched" ? `${name}, stretched to one shape` : name,
        found.identical ? "∞" : figure(found.psnr_db, 1),
        badge(found.verdict.quality),
        figure(found.perceptual_hash_distance, 0),
        badge(found.verdict.likeness),
        figure(found.ssim, 3),
        size(found.file_size_bytes),
      ]),
    ),
    h("p", { class: "soft small" }, NOTE),
  );

class Comparison {
  constructor(asset) {
    this.asset = asset;
    this.picture = bestOf(asset);
    this.address = null;
    const alone =
      this.picture && h("div", { class: "plate" }, picture(this.picture.url, asset.asset_id, { alt: asset.filename }));
    this.element = h("div", { class: "stack" }, alone);
  }

  async withFile(file) {
    this.forget();
    this.address = URL.createObjectURL(file);
    await this.show(this.address, file.name, () => compareFile(this.asset.asset_id, file));
  }

  async withAsset(assetId) {
    const other = await api.get(`v1/assets/${encodeURIComponent(assetId)}`);
    const path = `v1/assets/${this.asset.asset_id}/compare`;
    await this.show(bestOf(other)?.url, other.filename, () => api.post(path, {}, { json: { asset_id: assetId } }));
  }

  async show(url, name, compare) {
    const slider = this.picture && url && wipe(this.picture, url, [this.asset.filename, name]);
    const said = h("p", { class: "soft", role: "status" }, "Comparing…");
    this.element.replaceChildren(...[slider, said].filter(Boolean));
    try {
      said.replaceWith(values(await compare()));
    } catch (error) {
      if (error.isAboutKey && (await askForKey("Your key has stopped working."))) return this.show(url, name, compare);
      said.replaceWith(notice("problem", "They cannot be compared", error.message));
    }
  }

  forget() {
    if (this.address) URL.revokeObjectURL(this.address);
    this.address = null;
  }
}

export async function view(place, { project, argument, query, signal }) {
  const asset = await api.get(`v1/assets/${argument}`);
  const comparison = new Comparison(asset);
  signal.addEventListener("abort", () => comparison.forget());
  const take = (file) => file && comparison.withFile(file);
  const input = h("input", { type: "file", accept: "image/*", hidden: true, "data-choose": "compare" });
  input.addEventListener("change", () => {
    take(input.files[0]);
    input.value = "";
  });
  place.append(
    h(
      "div",
      { class: "head" },
      h(
        "div",
        {},
        h("a", { class: "soft small", href: linkTo(project, "image", asset.asset_id) }, asset.filename),
        h("h1", {}, "Compare"),
      ),
    ),
    h(
      "div",
      { class: "stack" },
      h(
        "section",
        { class: "drop slim", "aria-label": "The image to compare with" },
        icon("upload"),
        h(
          "div",
          {},
          h("h2", {}, "Drop an image to compare with"),
          h("p", { class: "soft small" }, "It is looked at and not kept."),
        ),
        h("div", { class: "actions" }, h("button", { onclick: () => input.click() }, "Choose an image")),
      ),
      input,
      comparison.element,
    ),
  );
  if (offered) take(offered);
  else if (query.get("with")) await comparison.withAsset(query.get("with"));
  offered = null;
  onDrop(([file]) => take(file), signal);
}
