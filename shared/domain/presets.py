"""Presets: named rendition recipes, as rows. Adding a rendition is adding a row."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256

from shared.domain.stage import Stage

# Raise it when the code that makes renditions changes their bytes for the same row.
RECIPE_VERSION = 1

# format → (file extension, content type)
FORMATS = {
    "jpeg": ("jpg", "image/jpeg"),
    "png": ("png", "image/png"),
    "webp": ("webp", "image/webp"),
    "gif": ("gif", "image/gif"),
    "tiff": ("tif", "image/tiff"),
    "avif": ("avif", "image/avif"),
}


@dataclass(frozen=True)
class Preset:
    """A recipe: `box` is (width, height) in pixels to fit inside, `quality` the encoder's 1-100."""

    name: str
    stage: Stage
    box: tuple[int, int]
    format: str = "jpeg"
    quality: int = 85
    enabled: bool = True


BUILT_IN: tuple[Preset, ...] = (
    Preset("thumb", Stage.THUMBNAILS, (100, 100)),
    Preset("card", Stage.THUMBNAILS, (400, 400)),
    Preset("thumb_150", Stage.THUMBNAILS, (150, 150)),
    Preset("thumb_300", Stage.THUMBNAILS, (300, 300)),
    Preset("thumb_600", Stage.THUMBNAILS, (600, 600)),
    Preset("zoom", Stage.VARIANTS, (1200, 1200)),
    Preset("display_1080x1920", Stage.VARIANTS, (1080, 1920)),
    Preset("display_2160x3840", Stage.VARIANTS, (2160, 3840)),
    Preset("display_1038x1278", Stage.VARIANTS, (1038, 1278)),
)

THUMBNAIL = "thumb_300"
"""The preset that lists and progress show."""


def fit(width: int, height: int, box: tuple[int, int]) -> tuple[int, int]:
    """The size in pixels of a width x height image fitted inside the box, never upscaled.

    The edge that touches the box takes the box's length; the other is `edge x scale` rounded half up in
    whole numbers, and at least 1. (Pillow's thumbnail() and a plain round() differ from it by a pixel.)
    """
    box_width, box_height = box
    if width <= box_width and height <= box_height:
        return width, height
    if width * box_height >= height * box_width:
        return box_width, max(1, _divide(height * box_width, width))
    return max(1, _divide(width * box_height, height)), box_height


def recipe_hash(preset: Preset) -> str:
    """8 hex characters over everything that changes a rendition's bytes; name, stage and enabled do not."""
    width, height = preset.box
    recipe = f"{RECIPE_VERSION}:{width}x{height}:{preset.format}:{preset.quality}"
    return sha256(recipe.encode()).hexdigest()[:8]


def extension(image_format: str) -> str:
    """The file extension without its dot: "jpeg" → "jpg"."""
    return FORMATS[image_format][0]


def content_type(image_format: str) -> str:
    """The media type: "jpeg" → "image/jpeg"."""
    return FORMATS[image_format][1]


def _divide(numerator: int, denominator: int) -> int:
    """Division rounded half up, without floats."""
    return (2 * numerator + denominator) // (2 * denominator)
