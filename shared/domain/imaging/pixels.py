"""Pixels for scoring and comparing."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from shared.domain.imaging.libvips import (
    VipsImage,
    flatten,
    load_at,
    load_for,
    refusing_vips_errors,
    resize,
    scale_for,
    to_srgb,
    upright_size,
)
from shared.domain.presets import fit

# The one size at which scores are computed: below that of nearly every original, so that a photo and its smaller
# copies are measured on the same picture, and large enough to see a blur of a 500th of the longest edge.
WORKING_EDGE = 512
# A decoder's own scaling blurs by its last step: from twice the size on, what it takes is cut off afterwards anyway.
DECODED_EDGES = 2


def read_pixels(data: bytes, longest_edge: int = WORKING_EDGE) -> NDArray[np.uint8]:
    """(height, width, 3) uint8 sRGB, upright, longest edge at most `longest_edge` and never upscaled.

    The first frame of an animation; alpha is flattened on white, as most pages show it. Any depth, space and profile
    is brought to 8-bit sRGB. Raises UnreadableImage, or UnsupportedFormat.
    """
    with refusing_vips_errors():
        size = fit(*upright_size(data), (longest_edge, longest_edge))
    return read_pixels_at(data, *size)


def read_pixels_at(data: bytes, width: int, height: int) -> NDArray[np.uint8]:
    """The same at exactly width x height, stretched where that is another shape."""
    with refusing_vips_errors():
        return _array(load_for(data, DECODED_EDGES * width, DECODED_EDGES * height), width, height)


class Decoded:
    """An image to be read at many sizes: one decode serves all sizes in a row that need it at the same scale.

    It holds one decoded image, whole; `read_pixels_at` holds none of most formats.
    """

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._held: tuple[int, VipsImage] | None = None

    def pixels_at(self, width: int, height: int) -> NDArray[np.uint8]:
        """The very pixels of `read_pixels_at`."""
        with refusing_vips_errors():
            scale = scale_for(self._data, DECODED_EDGES * width, DECODED_EDGES * height)
            if self._held is None or self._held[0] != scale:
                self._held = None  # two at once would not fit
                self._held = scale, load_at(self._data, scale).copy_memory()
            return _array(self._held[1], width, height)


def _array(decoded: VipsImage, width: int, height: int) -> NDArray[np.uint8]:
    array: NDArray[np.uint8] = flatten(to_srgb(resize(decoded, width, height))).numpy()
    return array
