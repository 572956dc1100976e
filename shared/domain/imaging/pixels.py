"""Pixels for scoring and comparing."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from shared.domain.imaging.libvips import load_for, refusing_vips_errors, resize, to_srgb, upright_size
from shared.domain.presets import fit

# The one size at which scores are computed: sharpness depends on it.
WORKING_EDGE = 1024
WHITE = [255, 255, 255]


def read_pixels(data: bytes, longest_edge: int = WORKING_EDGE) -> NDArray[np.uint8]:
    """(height, width, 3) uint8 sRGB, upright, longest edge at most `longest_edge` and never upscaled.

    The first frame of an animation; alpha is flattened on white, as most pages show it.
    Raises UnreadableImage, or UnsupportedFormat.
    """
    with refusing_vips_errors():
        size = fit(*upright_size(data), (longest_edge, longest_edge))
        image = to_srgb(resize(load_for(data, *size), *size))
        if image.hasalpha():
            image = image.flatten(background=WHITE)
        array: NDArray[np.uint8] = image.numpy()
    return array
