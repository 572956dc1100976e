"""Drawn images, so that the right answer is known."""

from __future__ import annotations

from functools import cache
from io import BytesIO

import numpy as np
from PIL import Image


@cache
def photo(seed: int = 0, width: int = 320, height: int = 240, format: str = "JPEG") -> bytes:
    """Coarse random blocks: unlike any other seed's, and with edges enough to be sharp."""
    blocks = np.random.default_rng(seed).integers(0, 255, (height // 20, width // 20, 3), dtype=np.uint8)
    pixels = blocks.repeat(20, axis=0).repeat(20, axis=1)
    return encoded(Image.fromarray(pixels), format)


def encoded(image: Image.Image, format: str = "JPEG", **options: object) -> bytes:
    body = BytesIO()
    image.save(body, format, **options)
    return body.getvalue()
