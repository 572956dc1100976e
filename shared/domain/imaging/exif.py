"""The few EXIF values that are kept as readable text. The place a photo was taken is never among them."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from PIL import Image

from shared.domain.imaging.formats import DECODER_ERRORS

MAX_TEXT = 64
LONGEST_FRACTION_S = 0.5  # shorter exposures are written as cameras do: 1/250
CAMERA_DIRECTORY = 0x8769
ORIENTATION = 274
TURNED = range(5, 9)  # width and height change places


def read_exif(exif: Image.Exif) -> dict[str, str]:
    """Name → text of at most 64 characters, without what is absent or makes no sense.

    Tags: EXIF 3.0 (CIPA DC-008), tables 4 to 8.
    """
    try:
        tags = {**exif, **exif.get_ifd(CAMERA_DIRECTORY)}
    except DECODER_ERRORS:
        return {}
    found = {name: _read(read, tags[tag]) for name, tag, read in FIELDS if tag in tags}
    return {name: text for name, text in found.items() if text}


def _read(read: Callable[[Any], str], value: Any) -> str:
    try:
        text = read(value)
    except DECODER_ERRORS:
        return ""
    return "".join(character for character in text if character.isprintable()).strip()[:MAX_TEXT]


def _text(value: Any) -> str:
    return value.decode("utf-8", "ignore") if isinstance(value, bytes) else str(value)


def _number(value: Any) -> str:
    number = float(value[0] if isinstance(value, tuple) else value)
    return f"{number:g}" if math.isfinite(number) else ""


def _seconds(value: Any) -> str:
    seconds = float(value)
    return f"1/{round(1 / seconds)}" if 0 < seconds < LONGEST_FRACTION_S else _number(seconds)


FIELDS: tuple[tuple[str, int, Callable[[Any], str]], ...] = (
    ("make", 271, _text),
    ("model", 272, _text),
    ("orientation", ORIENTATION, _number),
    ("datetime_original", 36867, _text),
    ("exposure_s", 33434, _seconds),
    ("f_number", 33437, _number),
    ("iso", 34855, _number),
    ("focal_length_mm", 37386, _number),
)
