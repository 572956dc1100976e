"""How much two pictures differ: PSNR, SSIM and the distance of perceptual hashes, at one common size.

Both sides are upright, 8-bit sRGB, the first frame, flattened on white. The larger one is scaled (Lanczos 3) to the
smaller one's size, and both to a longest edge of 2048 pixels at most. Where the shapes differ by more than rounding,
the larger is stretched to the smaller's shape, and the comparison says so.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from hashlib import sha256

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from shared.domain.imaging.libvips import refusing_vips_errors, rows_of, upright_size
from shared.domain.imaging.perceptual_hash import perceptual_hash
from shared.domain.imaging.pixels import Decoded, read_pixels, read_pixels_at
from shared.domain.presets import fit

# 4 million pixels a side: two of them, and what SSIM needs for a block of rows, stay far below a Lambda's 1769 MB.
COMPARED_EDGE = 2048
PEAK = 255
# Wang, Bovik, Sheikh, Simoncelli: "Image quality assessment: from error visibility to structural similarity",
# IEEE Transactions on Image Processing 13(4), 2004: the window and the constants.
WINDOW = 11
SIGMA = 1.5
C1, C2 = (0.01 * PEAK) ** 2, (0.03 * PEAK) ** 2
LUMA = np.array([0.299, 0.587, 0.114], dtype=np.float32)  # ITU-R BT.601
BLOCK_ROWS = 128

Pixels = NDArray[np.uint8]
Floats = NDArray[np.float64]
Size = tuple[int, int]


class Alignment(StrEnum):
    """What was done to bring both to one size."""

    SAME_SIZE = "same_size"
    SCALED = "scaled"
    STRETCHED = "stretched"


@dataclass(frozen=True)
class Comparison:
    """`width` and `height` are the pixels at which both were compared.

    `psnr_db` is None where no pixel differs (it would be infinite), `ssim` where an edge is shorter than its window
    of 11 pixels, `hash_distance` (bits of 64) where a side is of one colour and so has no hash.
    """

    width: int
    height: int
    alignment: Alignment
    psnr_db: float | None
    ssim: float | None
    hash_distance: int | None
    is_identical: bool

    @property
    def quality(self) -> str:
        """The word for the PSNR, as it is told: with two decimals."""
        if self.psnr_db is None or round(self.psnr_db, 2) > 40:
            return "excellent"
        return "good" if round(self.psnr_db, 2) >= 30 else "lower"

    @property
    def likeness(self) -> str | None:
        """The word for the distance of the hashes; None without one."""
        if self.hash_distance is None:
            return None
        words = ((0, "identical"), (5, "very similar"), (10, "similar"))
        return next((word for most, word in words if self.hash_distance <= most), "different")


class Picture:
    """The bytes of an image, with what is asked of them more than once. Raises UnreadableImage, UnsupportedFormat."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self._decoded: Decoded | None = None

    @cached_property
    def size(self) -> Size:
        """(width, height) in upright pixels."""
        with refusing_vips_errors():
            return upright_size(self.data)

    @cached_property
    def perceptual_hash(self) -> str | None:
        """As a score has it; None for an image of one colour."""
        luma = Image.fromarray(read_pixels(self.data)).convert("L")
        low, high = luma.getextrema()
        return None if low == high else perceptual_hash(luma)

    @cached_property
    def fingerprint(self) -> bytes:
        """Equal for two pictures of one size exactly when all their upright 8-bit pixels are, seen on white."""
        digest = sha256()
        with refusing_vips_errors():
            for rows in rows_of(self.data):
                digest.update(rows)
        return digest.digest()

    def pixels_at(self, size: Size) -> Pixels:
        return self._decoded.pixels_at(*size) if self._decoded else read_pixels_at(self.data, *size)

    def keep_decoded(self) -> None:
        """From now on hold it as it was decoded last, whole in memory, to be compared with many."""
        self._decoded = Decoded(self.data)

    def let_go(self) -> None:
        """Free what is held; the next size decodes it again."""
        if self._decoded:
            self.keep_decoded()


def compare(ours: Picture, theirs: Picture) -> Comparison:
    """How `theirs` differs from `ours`; neither side is better than the other."""
    width, height = size = common_size(ours.size, theirs.size)
    if ours.data == theirs.data:
        distance = None if ours.perceptual_hash is None else 0
        ssim_value = 1.0 if min(size) >= WINDOW else None
        return Comparison(width, height, Alignment.SAME_SIZE, None, ssim_value, distance, is_identical=True)
    a, b = ours.pixels_at(size), theirs.pixels_at(size)
    error = mean_squared_error(a, b)
    return Comparison(
        width,
        height,
        alignment(ours.size, theirs.size),
        psnr(error),
        ssim(luma_of(a), luma_of(b)),
        hash_distance(ours.perceptual_hash, theirs.perceptual_hash),
        # The scaled pixels say only that they may be equal; the fingerprints of all of them decide.
        is_identical=error == 0 and ours.size == theirs.size and _are_equal(ours, theirs),
    )


def _are_equal(ours: Picture, theirs: Picture) -> bool:
    for picture in (ours, theirs):
        picture.let_go()  # a fingerprint has an image whole in memory as well
    return ours.fingerprint == theirs.fingerprint


def common_size(ours: Size, theirs: Size) -> Size:
    """The size of the one with fewer pixels, within COMPARED_EDGE."""
    smaller = min(ours, theirs, key=lambda size: (size[0] * size[1], size))
    return fit(*smaller, (COMPARED_EDGE, COMPARED_EDGE))


def alignment(ours: Size, theirs: Size) -> Alignment:
    """Stretched where the smaller's shape is not the larger's, give or take the rounding of a pixel on each edge."""
    if ours == theirs:
        return Alignment.SAME_SIZE
    (width, height), larger = sorted((ours, theirs), key=lambda size: size[0] * size[1])
    scaled = larger[1] * width / larger[0]
    tolerance = 1 + larger[1] / larger[0]
    return Alignment.SCALED if abs(scaled - height) <= tolerance else Alignment.STRETCHED


def mean_squared_error(a: Pixels, b: Pixels) -> float:
    """Over all pixels and channels, exact, in squared levels of 0–255."""
    total = 0
    for top in range(0, len(a), BLOCK_ROWS):
        rows = slice(top, top + BLOCK_ROWS)
        difference = a[rows].astype(np.int32) - b[rows]
        total += int(np.square(difference).sum(dtype=np.int64))
    return total / a.size


def psnr(error: float) -> float | None:
    """Peak signal-to-noise ratio in dB of a mean squared error: 10 log10(255² / error). None for no error."""
    return 10 * math.log10(PEAK**2 / error) if error else None


def luma_of(pixels: Pixels) -> NDArray[np.float32]:
    """(height, width) of BT.601 luma, 0–255, unrounded."""
    luma: NDArray[np.float32] = pixels.astype(np.float32) @ LUMA
    return luma


def ssim(a: NDArray[np.float32], b: NDArray[np.float32]) -> float | None:
    """Mean structural similarity of two (height, width) lumas, -1 to 1; None below the window's 11 pixels.

    Gaussian window of 11 x 11, sigma 1.5, only where it lies wholly inside the picture.
    """
    if min(a.shape) < WINDOW:
        return None
    height = len(a) - WINDOW + 1
    total, count = 0.0, 0
    for top in range(0, height, BLOCK_ROWS):
        rows = slice(top, min(top + BLOCK_ROWS, height) + WINDOW - 1)
        similarity = _similarity(a[rows].astype(np.float64), b[rows].astype(np.float64))
        total, count = total + float(similarity.sum()), count + similarity.size
    return max(-1.0, min(1.0, total / count))


def _similarity(a: Floats, b: Floats) -> Floats:
    mean_a, mean_b = _blur(a), _blur(b)
    products, squares = mean_a * mean_b, mean_a * mean_a + mean_b * mean_b
    covariance = _blur(a * b) - products
    variances = _blur(a * a + b * b) - squares
    return ((2 * products + C1) * (2 * covariance + C2)) / ((squares + C1) * (variances + C2))


def _window() -> list[float]:
    weights = [math.exp(-((i - WINDOW // 2) ** 2) / (2 * SIGMA**2)) for i in range(WINDOW)]
    return [weight / sum(weights) for weight in weights]


WEIGHTS = _window()


def _blur(values: Floats) -> Floats:
    """Both passes of the window, without the borders that it would leave."""
    height, width = (edge - WINDOW + 1 for edge in values.shape)
    down = _weighted(values[i : i + height] for i in range(WINDOW))
    return _weighted(down[:, i : i + width] for i in range(WINDOW))


def _weighted(shifted: Iterator[Floats]) -> Floats:
    pairs = zip(WEIGHTS, shifted, strict=True)
    weight, first = next(pairs)
    total = first * weight
    for weight, values in pairs:
        total += values * weight
    return total


def hash_distance(ours: str | None, theirs: str | None) -> int | None:
    """Differing bits of two perceptual hashes; None where either is missing."""
    if ours is None or theirs is None:
        return None
    return (int(ours, 16) ^ int(theirs, 16)).bit_count()
