"""Presets: named rendition recipes, as rows. Adding a rendition is adding a row."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from hashlib import sha256

from shared.domain.asset import Asset, StoredRendition
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
CONTENT_TYPES = frozenset(content_type for _, content_type in FORMATS.values())


OUTPUT_FORMATS = ("jpeg", "webp", "avif", "png")

NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,47}")
RESERVED = frozenset({"original"})
MAX_OWN = 32
"""Rows of one tenant."""

MAX_EDGE = 16_383
"""WebP holds no more, and any JPEG preset becomes WebP where an image is translucent."""

MAX_EAGER_PIXELS = 100_000_000
"""Of a tenant's eager boxes together: every size of an image is in a worker's memory at once, 3 or 4 bytes a pixel."""


class Mode(StrEnum):
    EAGER = "eager"
    """Made when an image comes in."""
    ON_DEMAND = "on_demand"
    """Made when it is first asked for."""


@dataclass(frozen=True)
class Preset:
    """A recipe: `box` is (width, height) in pixels to fit inside, `quality` the encoder's 1-100."""

    name: str
    stage: Stage
    box: tuple[int, int]
    format: str = "jpeg"
    quality: int = 85
    enabled: bool = True
    mode: Mode = Mode.EAGER
    revision: int = 0
    """Of the tenant's rows when this recipe was set: one that comes back is a new one, with keys of its own."""


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

BUILT_IN_NAMES = frozenset(preset.name for preset in BUILT_IN)

THUMBNAIL = "thumb_300"
"""The preset that lists and progress show, where the tenant has it."""

THUMBNAIL_EDGES = (300, 600)
"""Longest edges, in pixels, of what does instead: from that preset's box to the largest built-in thumbnail's."""


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
    """8 hex characters over everything that changes a rendition's bytes; name, stage, mode and enabled do not."""
    width, height = preset.box
    recipe = f"{RECIPE_VERSION}:{width}x{height}:{preset.format}:{preset.quality}"
    if preset.revision:
        recipe += f":{preset.revision}"
    return sha256(recipe.encode()).hexdigest()[:8]


def all_presets(own: Iterable[Preset]) -> tuple[Preset, ...]:
    """The built-ins, on or off as the tenant's rows say, then the tenant's own."""
    rows = {preset.name: preset for preset in own}
    built_in = (replace(preset, enabled=rows.get(preset.name, preset).enabled) for preset in BUILT_IN)
    return (*built_in, *(preset for preset in rows.values() if preset.name not in BUILT_IN_NAMES))


def eager(presets: Iterable[Preset]) -> list[Preset]:
    """Those that are made when an image comes in."""
    return [preset for preset in presets if preset.enabled and preset.mode is Mode.EAGER]


def is_current(asset: Asset, preset: Preset) -> bool:
    """Whether the asset has this preset's rendition as the preset is now."""
    made = asset.renditions.get(preset.name)
    return made is not None and made.recipe == recipe_hash(preset)


def thumbnail_of(renditions: Iterable[StoredRendition]) -> StoredRendition | None:
    """What lists and progress show: `THUMBNAIL`, or what comes nearest to it. None where there is no rendition.

    That is the smallest within `THUMBNAIL_EDGES`, else the largest below, else the smallest above: a list of images
    soon weighs more than the page around it.
    """
    return min(renditions, key=_unlike_thumbnail, default=None)


def _unlike_thumbnail(rendition: StoredRendition) -> tuple[int, int, str]:
    edge = max(rendition.width, rendition.height)
    smallest, largest = THUMBNAIL_EDGES
    if rendition.preset == THUMBNAIL:
        return 0, 0, rendition.preset
    if smallest <= edge <= largest:
        return 1, edge, rendition.preset
    return (2, -edge, rendition.preset) if edge < smallest else (3, edge, rendition.preset)


def revised(wanted: Sequence[Preset], standing: Sequence[Preset], revision: int) -> tuple[Preset, ...]:
    """The wanted rows as they are kept: a recipe that stands as it is keeps its revision, any other takes this one.

    So a recipe that was changed and changed back is not the first again: purge may be taking that one's files away.
    """
    known: Mapping[str, Preset] = {preset.name: preset for preset in standing}
    return tuple(
        row
        if row.name in BUILT_IN_NAMES
        else replace(row, revision=known[row.name].revision)
        if row.name in known and _recipe(row) == _recipe(known[row.name])
        else replace(row, revision=revision)
        for row in wanted
    )


def _recipe(preset: Preset) -> tuple[tuple[int, int], str, int]:
    return preset.box, preset.format, preset.quality


def extension(image_format: str) -> str:
    """The file extension without its dot: "jpeg" → "jpg"."""
    return FORMATS[image_format][0]


def content_type(image_format: str) -> str:
    """The media type: "jpeg" → "image/jpeg"."""
    return FORMATS[image_format][1]


def _divide(numerator: int, denominator: int) -> int:
    """Division rounded half up, without floats."""
    return (2 * numerator + denominator) // (2 * denominator)
