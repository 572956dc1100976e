"""A 64-bit hash that stays nearly the same when a picture is resized or encoded again."""

from __future__ import annotations

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


def perceptual_hash(luma: Image.Image) -> str:
    """16 hex characters for a greyscale ("L") image: the bits and the text form of imagehash.phash.

    32 x 32 pixels, the 8 x 8 lowest frequencies, a bit for each that lies above their median.
    Source: Krawetz, "Looks Like It" (hackerfactor.com, 2011).
    """
    small: NDArray[np.float64] = np.asarray(luma.resize((EDGE, EDGE), Image.Resampling.LANCZOS), dtype=np.float64)
    frequencies = np.round(_DCT @ small @ _DCT_TURNED, DECIMALS)
    bits = frequencies > np.median(frequencies)
    return np.packbits(bits).tobytes().hex()
