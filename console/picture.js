/** Pictures of assets. Their addresses are signed, and work for an hour. */

import { sleep } from "./api.js";
import { h } from "./dom.js";
import { api } from "./session.js";

/** From the largest that fits a screen to the smallest. */
const LARGEST_FIRST = ["zoom", "display_1080x1920", "thumb_600", "card", "thumb_300"];
const SMALLEST_FIRST = [...LARGEST_FIRST].reverse();
const LATE_LOOKS = 5;
const LATE_WAIT_MS = 2000;

const find = (asset, names) =>
  names.map((name) => asset.renditions.find(({ preset }) => preset === name)).find(Boolean) ?? asset.renditions.at(-1);

/** The rendition to look at in large. @returns {any} undefined: there is none yet */
export const bestOf = (asset) => find(asset, LARGEST_FIRST);

/** A picture that asks for another address when its own is too old. */
export const picture = (url, assetId, attributes) =>
  h("img", { src: url, alt: "", ...attributes, onerror: ({ target }) => renew(target, assetId) });

/** Show an asset's thumbnail in `place` as soon as there is one: who had the same content before may still be waiting. */
export async function showLate(place, assetId) {
  for (let look = 0; look < LATE_LOOKS; look++) {
    const url = await thumbnailOf(assetId);
    if (url) return place.replaceChildren(picture(url, assetId));
    await sleep(LATE_WAIT_MS);
    if (!place.isConnected) return;
  }
}

const thumbnailOf = async (assetId) => {
  const asset = await api.get(`v1/assets/${assetId}`).catch(() => null);
  return asset && find(asset, SMALLEST_FIRST)?.url;
};

async function renew(image, assetId) {
  if (image.dataset.renewed) return;
  image.dataset.renewed = "1";
  const url = await thumbnailOf(assetId);
  if (url) image.src = url;
}
