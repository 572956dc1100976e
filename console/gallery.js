/** All images of a project, filtered and sorted. */

import { h, linkTo, notice } from "./dom.js";
import { absent, picture } from "./picture.js";
import { api, askForKey, session } from "./session.js";
import { CATEGORIES, ISSUES, gradeOf, issueName, score } from "./score_words.js";

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
/** What the API keeps sorted: a label's images in four orders, a range of quality in two. */
const SORTS_WITH_LABEL = ["newest", "oldest", "best", "worst"];
const SORTS_BY_QUALITY = ["best", "worst"];
const QUALITIES = {
  good: ["0.6 and better", { min_quality: 0.6 }],
  fair: ["0.4 to 0.6", { min_quality: 0.4, max_quality: 0.5999 }],
  poor: ["Below 0.4", { max_quality: 0.3999 }],
};
/** The next page is fetched when its place is so near. */
const AHEAD_PX = 600;

/** Each project's gallery as it was last looked at. */
const addresses = new Map();

/**
 * What is listed where an image was opened, and how far down that was.
 * @type {{place: string, listed: {assets: any[], cursor: string | null, isOver: boolean}, opened: string, top: number} | null}
 */
let left = null;

/** Another tenant may have signed in meanwhile, whose project has the same name. */
const placeOf = () => session.me.tenant_id + location.hash;

/** The way back to the gallery, filtered and sorted as it was. */
export const backTo = (project) => addresses.get(project) ?? linkTo(project, "gallery");

/** An image was deleted: who comes back finds its neighbour. */
export function leaveOut(assetId) {
  const assets = left?.listed.assets ?? [];
  const index = assets.findIndex(({ asset_id }) => asset_id === assetId);
  if (index < 0) return;
  assets.splice(index, 1);
  if (left.opened === assetId) left.opened = (assets[index] ?? assets.at(-1))?.asset_id;
}

/** An image as a tile of the grid. */
function tile(asset, project, onclick) {
  const { overall_quality: value, issues = [] } = asset.quality ?? {};
  const shown = asset.thumbnail_url
    ? picture(asset.thumbnail_url, asset.asset_id, { loading: "lazy" })
    : absent(asset.asset_id, asset.stages.thumbnails);
  return h(
    "a",
    {
      class: "tile",
      href: linkTo(project, "image", asset.asset_id),
      "data-asset": asset.asset_id,
      title: asset.filename,
      onclick,
    },
    shown,
    h(
      "span",
      { class: "flags" },
      issues.map((issue) => h("span", { class: "badge" }, issueName(issue))),
    ),
    h(
      "span",
      { class: "caption" },
      h("span", {}, asset.filename),
      gradeOf(value) &&
        h("span", { class: `badge ${gradeOf(value)}`, "aria-label": `quality ${score(value)}` }, score(value)),
    ),
  );
}

/** What is chosen in the address; what does not go together gives way to what was chosen last. */
const chosenIn = (query) => {
  const chosen = { sort: "newest", issue: "", category: "", quality: "", ...Object.fromEntries(query) };
  const isLabelled = Boolean(chosen.issue || chosen.category);
  const sorts = chosen.quality ? SORTS_BY_QUALITY : isLabelled ? SORTS_WITH_LABEL : Object.keys(SORTS);
  if (!sorts.includes(chosen.sort)) chosen.sort = sorts[0];
  return { chosen, isFiltered: isLabelled || Boolean(chosen.quality) };
};

function filters(chosen, project) {
  const choose = (name, value) => {
    chosen[name] = value;
    if (name === "issue" && value) chosen.category = "";
    if (name === "category" && value) chosen.issue = "";
    if (name === "sort" && !SORTS_BY_QUALITY.includes(value)) chosen.quality = "";
    if (name === "sort" && !SORTS_WITH_LABEL.includes(value)) chosen.issue = chosen.category = "";
    const wanted = Object.entries(chosen).filter(([key, text]) => text && !(key === "sort" && text === "newest"));
    location.hash = linkTo(project, "gallery", "", wanted);
  };
  const select = (label, name, options) =>
    h(
      "select",
      { "aria-label": label, name, onchange: ({ target }) => choose(name, target.value) },
      options.map(([key, text]) => h("option", { value: key, selected: key === chosen[name] }, text)),
    );
  const titles = (table) => Object.entries(table).map(([name, [text]]) => [name, text]);
  return h(
    "div",
    { class: "filters", role: "group", "aria-label": "Filter and sort" },
    select("Issue", "issue", [["", "Any issue"], ...Object.entries(ISSUES)]),
    select("Suitability", "category", [["", "Any suitability"], ...Object.entries(CATEGORIES)]),
    select("Quality", "quality", [["", "Any quality"], ...titles(QUALITIES)]),
    select("Sort", "sort", titles(SORTS)),
  );
}

export async function view(place, { project, query, from, signal }) {
  const { chosen, isFiltered } = chosenIn(query);
  addresses.set(project, location.hash);
  const choices = filters(chosen, project);
  const grid = h("div", { class: "grid" });
  const end = h("div", { class: "foot" });
  place.append(h("div", { class: "head" }, h("h1", {}, "Gallery")), choices, grid, end);

  const parameters = {
    ...SORTS[chosen.sort][1],
    issue: chosen.issue || null,
    category: chosen.category || null,
    ...QUALITIES[chosen.quality]?.[1],
  };
  const kept = from === "gallery" && left?.place === placeOf() ? left : null;
  left = null;
  const listed = kept?.listed ?? { assets: [], cursor: null, isOver: false };
  const draw = (assets) => {
    const leave = (opened) => (left = { place: placeOf(), listed, opened, top: scrollY });
    grid.append(...assets.map((asset) => tile(asset, project, () => leave(asset.asset_id))));
  };
  if (kept) {
    draw(listed.assets);
    const opened = grid.querySelector(`[data-asset="${kept.opened}"]`);
    scrollTo(0, kept.top);
    opened?.focus({ preventScroll: true });
    opened?.scrollIntoView({ block: "nearest" });
  }
  let isBusy = false;
  /** Until the end is out of sight: a page may be short. */
  const more = async () => {
    if (isBusy) return;
    isBusy = true;
    end.replaceChildren();
    try {
      while (!listed.isOver && place.isConnected && end.getBoundingClientRect().top < innerHeight + AHEAD_PX) {
        const page = await api.get(`v1/projects/${project}/assets`, { ...parameters, cursor: listed.cursor });
        listed.assets.push(...page.assets);
        listed.cursor = page.next_cursor;
        listed.isOver = !listed.cursor;
        draw(page.assets);
      }
      if (listed.isOver && !grid.children.length) end.append(isFiltered ? nothingFound(project) : nothingHere(project));
    } catch (error) {
      isBusy = false;
      if (error.isAboutKey && (await askForKey("Your key has stopped working."))) return await more();
      end.append(
        notice(
          "problem",
          "The images cannot be listed now",
          error.message,
          h("button", { onclick: more }, "Try again"),
        ),
      );
    } finally {
      isBusy = false;
    }
  };
  const watcher = new IntersectionObserver(
    // Where something is said there, it is for the reader to go on.
    (entries) => entries.some(({ isIntersecting }) => isIntersecting) && !end.children.length && more(),
    { rootMargin: `${AHEAD_PX}px` },
  );
  watcher.observe(end);
  signal.addEventListener("abort", () => watcher.disconnect());
  await more();
}

const nothingHere = (project) =>
  h(
    "div",
    { class: "lonely" },
    h("h2", {}, "Nothing here yet"),
    h("p", {}, "What you upload appears here, with its quality."),
    h(
      "div",
      { class: "actions" },
      h("a", { class: "button primary", href: linkTo(project, "upload") }, "Upload photos"),
    ),
  );

const nothingFound = (project) =>
  h(
    "div",
    { class: "lonely" },
    h("h2", {}, "No image is like that"),
    h("div", { class: "actions" }, h("a", { class: "button", href: linkTo(project, "gallery") }, "Show all")),
  );
