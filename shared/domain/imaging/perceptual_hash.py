"""A 64-bit hash that stays nearly the same when a picture is resized or encoded again."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image

EDGE = 32
KEPT = 8
# What is left of the rounding of 32 x 32 sums; it keeps the hash of a flat or symmetric image from being noise.
DECIMALS = 6

# The first 8 rows of the DCT-II of 32 values: 2 cos(pi k (2n + 1) / 64), as scipy.fftpack.dct without normalisation.
_DCT = 2 * np.cos(np.pi * np.outer(np.arange(KEPT), 2 * np.arange(EDGE) + 1) / (2 * EDGE))
_DCT_TURNED = _DCT.T.copy()

# Pillow's 8-bit resize (libImaging/Resample.c): weights in units of 2^-22, each pass rounded and clipped to bytes.
PRECISION = 22
LOBES = 3
# A weight is split in two, so that whole-number sums of 32-bit floats stay below 2^24 and thus exact. That, and
# that Pillow scales such pictures across before down, holds for these widths and up to this height by width.
LOW_PART = 1024
EXACT_WIDTHS = range(256, 641)
EXACT_TALLNESS = 1.5
# Columns of the small picture computed together: few enough that most weights of a group are not 0.
GROUP = 4
# OpenBLAS hands products of more than 2^18 steps to threads, which cost a small share of a core more than they bring.
BLOCK_ROWS = 176

Floats = NDArray[np.float32]


def perceptual_hash(luma: Image.Image) -> str:
    """16 hex characters for a greyscale ("L") image: the bits and the text form of imagehash.phash.

    32 x 32 pixels, the 8 x 8 lowest frequencies, a bit for each that lies above their median. Where a frequency is
    exactly 0, as in drawn symmetric pictures, imagehash's bit is rounding noise; here it counts as 0.
    Source: Krawetz, "Looks Like It" (hackerfactor.com, 2011).
    """
    frequencies = np.round(_DCT @ shrink(luma) @ _DCT_TURNED, DECIMALS)
    bits = frequencies > np.median(frequencies)
    return np.packbits(bits).tobytes().hex()


def shrink(luma: Image.Image) -> NDArray[np.float64]:
    """32 x 32 grey levels, to the bit those of Pillow's resize with LANCZOS.

    Working sizes go through two matrix products, in a quarter of Pillow's time; any other through Pillow.
    """
    width, height = luma.size
    if width not in EXACT_WIDTHS or height < EDGE or height > EXACT_TALLNESS * width:
        return np.asarray(luma.resize((EDGE, EDGE), Image.Resampling.LANCZOS), dtype=np.float64)
    levels = np.asarray(luma)
    down, across = _weights(height), _grouped_weights(width)
    total = np.zeros((EDGE, EDGE))
    for top in range(0, height, BLOCK_ROWS):
        rows = slice(top, top + BLOCK_ROWS)
        total += down[:, rows] @ _to_levels(_across(levels[rows].astype(np.float32), across))
    return _to_levels(total)


def _across(levels: Floats, groups: tuple[tuple[int, int, Floats], ...]) -> NDArray[np.float64]:
    """(rows, 32) sums in units of 2^-22 of a level."""
    sums = np.empty((len(levels), EDGE))
    for first, (start, end, weights) in zip(range(0, EDGE, GROUP), groups, strict=True):
        high_and_low = (levels[:, start:end] @ weights).astype(np.float64)  # their sum needs 32 bits
        sums[:, first : first + GROUP] = high_and_low[:, :GROUP] * LOW_PART + high_and_low[:, GROUP:]
    return sums


def _to_levels(sums: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.clip(np.floor(sums / 2.0**PRECISION + 0.5), 0, 255)


@lru_cache(maxsize=64)
def _weights(edge: int) -> NDArray[np.float64]:
    """(32, edge) whole numbers: what each pixel of a line gives to each of the 32."""
    weights = np.zeros((EDGE, edge))
    scale = edge / EDGE
    for i in range(EDGE):
        center = (i + 0.5) * scale
        start, end = max(0, int(center - LOBES * scale + 0.5)), min(edge, int(center + LOBES * scale + 0.5))
        at = (np.arange(start, end) - center + 0.5) / scale
        lanczos = np.where((at >= -LOBES) & (at < LOBES), np.sinc(at) * np.sinc(at / LOBES), 0)
        exact = lanczos / lanczos.sum() * 2**PRECISION
        weights[i, start:end] = np.trunc(exact + np.copysign(0.5, exact))
    return weights


@lru_cache(maxsize=16)
def _grouped_weights(edge: int) -> tuple[tuple[int, int, Floats], ...]:
    """For each group of columns: the pixels it needs, and their weights' high parts and low parts side by side."""
    weights = _weights(edge).T
    high = np.round(weights / LOW_PART)
    low = weights - high * LOW_PART
    groups = []
    for first in range(0, EDGE, GROUP):
        columns = slice(first, first + GROUP)
        used = np.flatnonzero(weights[:, columns].any(axis=1))
        start, end = int(used[0]), int(used[-1]) + 1
        parts = np.hstack([high[start:end, columns], low[start:end, columns]])
        groups.append((start, end, parts.astype(np.float32)))
    return tuple(groups)
