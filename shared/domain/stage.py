"""The stages that an image goes through."""

from enum import StrEnum


class Stage(StrEnum):
    VALIDATION = "validation"
    THUMBNAILS = "thumbnails"
    VARIANTS = "variants"
    QUALITY = "quality"
