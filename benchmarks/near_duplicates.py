"""Precision and recall of the near-duplicate flag: `python -m benchmarks.near_duplicates`.

Distinct photos are tiles that do not overlap, cut from scikit-image's photographs. Each is altered in many ways. A pair
is flagged when the hashes of its two images are nearer than the threshold. The threshold is chosen on the tiles of one
half of the photographs, and what is printed of it is measured on those of the other.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from io import BytesIO

import numpy as np
from PIL import Image, ImageDraw, ImageEnhance

from shared.domain.imaging.perceptual_hash import perceptual_hash
from shared.domain.scoring import FLAGGED_BELOW
from tests.unit.imaging.photos import NAMES, photo

TILES = 3
SMALLEST_EDGE = 96
WANTED_PRECISION = 0.99

Alter = Callable[[Image.Image], Image.Image]


def _recompressed(quality: int) -> Alter:
    def alter(image: Image.Image) -> Image.Image:
        body = BytesIO()
        image.save(body, "JPEG", quality=quality)
        return Image.open(body).convert("RGB")

    return alter


def _scaled(share: float) -> Alter:
    return lambda image: image.resize(
        (round(image.width * share), round(image.height * share)), Image.Resampling.LANCZOS
    )


def _cropped(share: float) -> Alter:
    """Without this share of the width and of the height, taken from all sides alike."""

    def alter(image: Image.Image) -> Image.Image:
        x, y = image.width * share / 2, image.height * share / 2
        return image.crop((round(x), round(y), round(image.width - x), round(image.height - y)))

    return alter


def _turned(degrees: int) -> Alter:
    return lambda image: image.rotate(degrees, Image.Resampling.BICUBIC)


def _marked(image: Image.Image) -> Image.Image:
    marked = image.copy()
    box = (image.width * 0.55, image.height * 0.8, image.width * 0.97, image.height * 0.95)
    ImageDraw.Draw(marked).rectangle(box, fill=(255, 255, 255))
    return marked


ALTERED: dict[str, Alter] = {
    "half the size": _scaled(0.5),
    "a quarter of the size": _scaled(0.25),
    "JPEG quality 70": _recompressed(70),
    "JPEG quality 40": _recompressed(40),
    "JPEG quality 20": _recompressed(20),
    "brightness +20 %": lambda image: ImageEnhance.Brightness(image).enhance(1.2),
    "brightness -20 %": lambda image: ImageEnhance.Brightness(image).enhance(0.8),
    "watermark, 6 % of the area": _marked,
    "cropped by 5 %": _cropped(0.05),
    "cropped by 10 %": _cropped(0.10),
    "cropped by 20 %": _cropped(0.20),
    "turned by 2 degrees": _turned(2),
    "turned by 5 degrees": _turned(5),
    "turned by 90 degrees": lambda image: image.transpose(Image.Transpose.ROTATE_90),
    "flipped": lambda image: image.transpose(Image.Transpose.FLIP_LEFT_RIGHT),
}


@dataclass(frozen=True)
class Half:
    """Distances in bits. `altered`: a row for each way, a column for each tile. `other`: of all pairs that differ."""

    tiles: int
    altered: np.ndarray
    other: np.ndarray

    def recall(self, threshold: float) -> float:
        return float((self.altered < threshold).mean())

    def precision(self, threshold: float) -> float:
        right, wrong = (self.altered < threshold).sum(), (self.other < threshold).sum()
        return float(right / max(1, right + wrong))


def main() -> None:
    """Print the sweep over thresholds of one half, and the table of the other."""
    chosen_on, told_on = _half(NAMES[0::2]), _half(NAMES[1::2])
    print(f"Choosing: {chosen_on.tiles} tiles altered in {len(ALTERED)} ways, {chosen_on.other.size} pairs that differ")
    print("  nearer than   recall   precision")
    for threshold in range(2, 17):
        print(f"  {threshold:6} bits  {chosen_on.recall(threshold):7.1%}   {chosen_on.precision(threshold):9.2%}")
    best = max(bits for bits in range(1, 17) if chosen_on.precision(bits) >= WANTED_PRECISION)
    print(f"  the widest of at least {WANTED_PRECISION:.0%}: {best} bits; the flag is raised below {FLAGGED_BELOW}")
    print(f"Telling: {told_on.tiles} other tiles, {told_on.other.size} pairs that differ")
    for name, distances in zip(ALTERED, told_on.altered, strict=True):
        print(f"  {name:<28}{(distances < FLAGGED_BELOW).mean():6.0%} found   median {np.median(distances):4.0f} bits")
    recall, precision = told_on.recall(FLAGGED_BELOW), told_on.precision(FLAGGED_BELOW)
    print(f"  all of them: recall {recall:.1%}, precision {precision:.2%}")
    wrong = int((told_on.other < FLAGGED_BELOW).sum())
    print(f"  flagged though different: {wrong} pairs; the nearest two are {told_on.other.min()} bits apart")


def _half(names: Sequence[str]) -> Half:
    tiles = [tile for name in names for tile in _tiles(photo(name))]
    own = [_bits(tile) for tile in tiles]
    altered = [[_bits(alter(tile)) for tile in tiles] for alter in ALTERED.values()]
    every = np.array([own, *altered], np.uint64)
    distances = np.bitwise_count(every[:, :, None] ^ np.array(own, np.uint64)[None, None, :])
    is_other = ~np.eye(len(tiles), dtype=bool)
    same = np.array([np.diagonal(row) for row in distances[1:]])
    return Half(len(tiles), same, distances[:, is_other].ravel())


def _tiles(image: Image.Image) -> list[Image.Image]:
    """TILES x TILES of an image, those that are large enough and have something in them."""
    width, height = image.width // TILES, image.height // TILES
    if min(width, height) < SMALLEST_EDGE:
        return [image]
    boxes = [(x * width, y * height, (x + 1) * width, (y + 1) * height) for y in range(TILES) for x in range(TILES)]
    tiles = [image.crop(box) for box in boxes]
    return [tile for tile in tiles if np.asarray(tile.convert("L")).std() >= 10]


def _bits(image: Image.Image) -> int:
    return int(perceptual_hash(image.convert("L")), 16)


if __name__ == "__main__":
    main()
