/** All images of a project, filtered and sorted. */

import { h, notice } from "./dom.js";
import { api } from "./session.js";
import { CATEGORIES, ISSUES, issueName, score } from "./words.js";

const SORTS = {
  newest: ["Newest first", { sort: "created", order: "desc" }],
  oldest: ["Oldest first", { sort: "created", order: "asc" }],
  best: ["Best first", { sort: "overall_quality", order: "desc" }],
  worst: ["Worst first", { sort: "overall_quality", order: "asc" }],
  sharpest: ["Sharpest first", { sort: "sharpness", order: "desc" }],
  softest: ["Softest first", { sort: "sharpness", order: "asc" }],
  unique: ["Most unlike the others", { sort: "uniqueness", order: "desc" }],
  scored: ["Scored last", { sort: "scored", order: "desc" }],
};
/** What is filtered by a label is kept in two orders only. */
const SORTS_WITH_LABEL = ["newest", "oldest", "best", "worst"];
const QUALITIES = { good: ["0.6 and better", { min_quality: 0.6 }], fair: ["0.4 to 0.6", { min_quality: 0.4, max_quality: 0.5999 }], poor: ["Below 0.4", { max_quality: 0.3999 }] };

export const gradeOf = (value) => (value === null || value === undefined ? "" : value >= 0.6 ? "good" : value >= 0.4 ? "fair" : "bad");

/** An image as a tile of a grid. */
export function tile(asset, project) {
  const quality = asset.quality ?? {};
  const value = quality.overall_quality;
  const picture = asset.thumbnail_url
    ? h("img", { src: asset.thumbnail_url, alt: "", loading: "lazy", onerror: (event) => renew(event.target, asset.asset_id) })
    : h("span", { class: "nothing" }, asset.stages?.thumbnails === "failed" ? "Failed" : "Generating…");
  return h(
    "a",
    { class: "tile", href: `#/${encodeURIComponent(project)}/image/${asset.asset_id}`, "data-asset": asset.asset_id },
    picture,
    h("span", { class: "flags" }, (quality.issues ?? []).map((issue) => h("span", { class: "badge" }, issueName(issue)))),
    h("span", { class: "caption" }, h("span", {}, asset.filename), value !== null && value !== undefined && h("span", { class: `badge ${gradeOf(value)}`, "aria-label": `quality ${score(value)}` }, score(value))),
  );
}

/** A signed address works for an hour: ask for another, once. */
export async function renew(image, assetId) {
  if (image.dataset.renewed) return;
  image.dataset.renewed = "1";
  const asset = await api.get(`v1/assets/${assetId}`).catch(() => null);
  const rendition = asset?.renditions.find(({ preset }) => preset === "thumb_300") ?? asset?.renditions.at(-1);
  if (rendition) image.src = rendition.url;
}

const select = (label, name, value, options, onchange) =>
  h(
    "select",
    { "aria-label": label, name, onchange: (event) => onchange(name, event.target.value) },
    options.map(([key, text]) => h("option", { value: key, selected: key === value }, text)),
  );

export async function view(place, { project, query }) {
  const chosen = { sort: "newest", issue: "", category: "", quality: "", ...Object.fromEntries(query) };
  if ((chosen.issue || chosen.category) && !SORTS_WITH_LABEL.includes(chosen.sort)) chosen.sort = "newest";
  const go = (name, value) => {
    const next = { ...chosen, [name]: value };
    // The API filters by one label at a time.
    if (name === "issue" && value) next.category = "";
    if (name === "category" && value) next.issue = "";
    if (name === "quality" && value && !["best", "worst"].includes(next.sort)) next.sort = "best";
    if (name === "sort" && !["best", "worst"].includes(value)) next.quality = "";
    const wanted = Object.entries(next).filter(([key, text]) => text && !(key === "sort" && text === "newest"));
    location.hash = `#/${encodeURIComponent(project)}/gallery${wanted.length ? `?${new URLSearchParams(wanted)}` : ""}`;
  };
  const isLabelled = Boolean(chosen.issue || chosen.category);
  const sorts = Object.entries(SORTS).filter(([name]) => !isLabelled || SORTS_WITH_LABEL.includes(name));
  const filters = h(
    "div",
    { class: "filters", role: "group", "aria-label": "Filter and sort" },
    select("Issue", "issue", chosen.issue, [["", "Any issue"], ...Object.entries(ISSUES)], go),
    select("Suitability", "category", chosen.category, [["", "Any suitability"], ...Object.entries(CATEGORIES)], go),
    select("Quality", "quality", chosen.quality, [["", "Any quality"], ...Object.entries(QUALITIES).map(([name, [text]]) => [name, text])], go),
    select("Sort", "sort", chosen.sort, sorts.map(([name, [text]]) => [name, text]), go),
  );
  const isFiltered = Boolean(chosen.issue || chosen.category || chosen.quality);
  const grid = h("div", { class: "grid" });
  const end = h("div", { class: "stack" });
  place.append(h("div", { class: "head" }, h("div", {}, h("h1", {}, "Gallery"))), filters, grid, end);

  const parameters = { ...SORTS[chosen.sort]?.[1], issue: chosen.issue || null, category: chosen.category || null, ...QUALITIES[chosen.quality]?.[1] };
  let cursor = null;
  let isOver = false;
  let isBusy = false;
  const more = async () => {
    if (isBusy || isOver) return;
    isBusy = true;
    try {
      const page = await api.get(`v1/projects/${project}/assets`, { ...parameters, cursor });
      grid.append(...page.assets.map((asset) => tile(asset, project)));
      cursor = page.next_cursor;
      isOver = !cursor;
      end.replaceChildren();
      if (isOver && !grid.children.length) end.append(isFiltered ? nothingFound(project) : nothingHere(project));
    } catch (error) {
      if (error.isAboutKey) throw error;
      isOver = true;
      const again = () => {
        isOver = false;
        more();
      };
      end.replaceChildren(notice("problem", "The images cannot be listed now", error.message, h("button", { onclick: again }, "Try again")));
    } finally {
      isBusy = false;
    }
    // A short page may leave the end in sight.
    if (!isOver && place.isConnected && end.getBoundingClientRect().top < innerHeight + 600) await more();
  };
  await more();
  const watcher = new IntersectionObserver((entries) => entries.some(({ isIntersecting }) => isIntersecting) && more(), { rootMargin: "600px" });
  const foot = h("div", { class: "foot" });
  place.append(foot);
  watcher.observe(foot);
  return () => watcher.disconnect();
}

const nothingHere = (project) =>
  h("div", { class: "lonely" }, h("h2", {}, "Nothing here yet"), h("p", {}, "What you upload appears here, with its quality."), h("div", { class: "actions" }, h("a", { class: "button primary", href: `#/${project}/upload` }, "Upload photos")));

const nothingFound = (project) =>
  h("div", { class: "lonely" }, h("h2", {}, "No image is like that"), h("div", { class: "actions" }, h("a", { class: "button", href: `#/${project}/gallery` }, "Show all")));
