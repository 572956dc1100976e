"""Real photographs, those inside scikit-image's package, so nothing is downloaded."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import skimage
from PIL import Image

PHOTOS = Path(skimage.__file__).parent / "data"
NAMES = (
    "astronaut.png",
    "brick.png",
    "camera.png",
    "chelsea.png",
    "coffee.png",
    "coins.png",
    "grass.png",
    "gravel.png",
    "hubble_deep_field.jpg",
    "ihc.png",
    "moon.png",
    "motorcycle_left.png",
    "retina.jpg",
    "rocket.jpg",
)


@cache
def photo(name: str, longest_edge: int | None = None) -> Image.Image:
    """In RGB without metadata, at the size asked for or its own."""
    with Image.open(PHOTOS / name) as opened:
        pixels = opened.convert("RGB")
    pixels.info.clear()  # Pillow would write an ICC profile into some formats and not into others
    return resized(pixels, longest_edge) if longest_edge else pixels


def resized(image: Image.Image, longest_edge: int) -> Image.Image:
    scale = longest_edge / max(image.size)
    size = (round(image.width * scale), round(image.height * scale))
    return image.resize(size, Image.Resampling.LANCZOS)
