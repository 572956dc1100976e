/** Pictures of assets. Their addresses are signed, and work for an hour. */

import { backoff, sleep } from "./api.js";
import { h } from "./dom.js";
import { api } from "./session.js";

/** From the largest that fits a screen to the smallest. */
const LARGEST_FIRST = ["zoom", "display_1080x1920", "thumb_600", "card", "thumb_300"];
const SMALLEST_FIRST = [...LARGEST_FIRST].reverse();
/** Two minutes, with the growing pauses between them. */
const LATE_LOOKS = 8;
/** What is said in a thumbnail's place, by the state of its stage. */
const ABSENT = { completed: "No thumbnail", failed: "Failed" };

const find = (asset, names) =>
  names.map((name) => asset.renditions.find(({ preset }) => preset === name)).find(Boolean) ?? asset.renditions.at(-1);

/** The rendition to look at in large. @returns {any} undefined: there is none yet */
export const bestOf = (asset) => find(asset, LARGEST_FIRST);

/** A picture that asks for another address when its own is too old. While there is none to see, it has `data-renewed`. */
export const picture = (url, assetId, attributes) =>
  h("img", {
    src: url,
    alt: "",
    ...attributes,
    onload: ({ target }) => delete target.dataset.renewed,
    onerror: ({ target }) => renew(target, assetId),
  });

/**
 * A word in a thumbnail's place, for the thumbnail once it is there.
 * @param {string} assetId @param {string} [status] of the stage that makes it, where that is known
 */
export function absent(assetId, status) {
  const word = h("span", { class: "nothing" }, ABSENT[status] ?? "Generating…");
  if (!ABSENT[status]) void showLate(word, assetId);
  return word;
}

/** Until there is a thumbnail or there will be none, or until the view is left. */
async function showLate(word, assetId) {
  for (let look = 1; look <= LATE_LOOKS; look++) {
    await sleep(backoff(look));
    const asset = await inTurn(() => word.isConnected && read(assetId));
    if (!word.isConnected) return;
    const url = asset && thumbnailOf(asset);
    if (url) return word.replaceWith(picture(url, assetId));
    const told = asset && ABSENT[asset.stages.thumbnails];
    if (told) return void (word.textContent = told);
  }
}

let turn = Promise.resolve();

/** One look at a time: a whole page of images may wait. */
const inTurn = (look) => (turn = turn.then(look));

const read = (assetId) => api.get(`v1/assets/${assetId}`).catch(() => null);

const thumbnailOf = (asset) => find(asset, SMALLEST_FIRST)?.url;

const pathOf = (url) => url.split("?")[0];

async function renew(image, assetId) {
  image.hidden = true;
  if (image.dataset.renewed) return;
  image.dataset.renewed = "1";
  const asset = await read(assetId);
  if (!asset) return addEventListener("online", () => retry(image, assetId), { once: true });
  const same = asset.renditions.find(({ url }) => pathOf(url) === pathOf(image.src));
  const url = same?.url ?? thumbnailOf(asset);
  image.hidden = !url;
  if (url) image.src = url;
}

function retry(image, assetId) {
  delete image.dataset.renewed;
  renew(image, assetId);
}
