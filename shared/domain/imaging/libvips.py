"""libvips, set up for hostile images and one Lambda: the one place that knows its loaders and savers."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import pyvips

from shared.domain.imaging.exif import TURNED
from shared.domain.imaging.formats import detect_format
from shared.errors import UnreadableImage

pyvips.block_untrusted_set(True)
pyvips.concurrency_set(1)  # a Lambda has a share of a core or little more; threads only cost memory
pyvips.cache_set_max(0)  # no operation is ever repeated on the same pixels

logging.getLogger("pyvips").setLevel(logging.ERROR)  # a broken file brings a line of warning for every tile

VipsImage = Any  # pyvips has no types

LOADERS = {
    "jpeg": "jpegload_buffer",
    "png": "pngload_buffer",
    "webp": "webpload_buffer",
    "gif": "gifload_buffer",
    "tiff": "tiffload_buffer",
    "avif": "heifload_buffer",
}
# How a loader is told to decode at 1/n of the size.
SCALE_ON_LOAD = {
    "jpeg": lambda n: {"shrink": n},
    "webp": lambda n: {"scale": 1 / n},
}
JPEG_SCALES = (8, 4, 2)  # libjpeg's DCT scales; WebP takes any, the same will do

# keep="none" drops EXIF, ICC and XMP. Effort: 4 is libvips's default; AVIF at 2 costs a fifth of it for 5 % more bytes.
SAVERS: dict[str, tuple[str, dict[str, Any]]] = {
    "jpeg": ("jpegsave_buffer", {}),
    "png": ("pngsave_buffer", {}),
    "webp": ("webpsave_buffer", {"effort": 4}),
    "avif": ("heifsave_buffer", {"compression": "av1", "effort": 2}),
}
LOSSLESS = {"png"}
OPAQUE = 255
WHITE = [255, 255, 255]
STRIP_ROWS = 64


@contextmanager
def refusing_vips_errors() -> Iterator[None]:
    """Whatever libvips cannot read is an unreadable image."""
    try:
        yield
    except pyvips.Error as error:
        raise UnreadableImage from error


def upright_size(data: bytes) -> tuple[int, int]:
    """(width, height) in pixels, EXIF orientation applied; reads the header only."""
    return _upright(_load(data))


def load_for(data: bytes, width: int, height: int) -> VipsImage:
    """The first frame, to be decoded once from top to bottom, at the smallest scale that still covers width x height.

    The size is in upright pixels; the image is as stored. Use `resize` on it.
    """
    return load_at(data, scale_for(data, width, height))


def scale_for(data: bytes, width: int, height: int) -> int:
    """The largest n for which the image decoded at 1/n of its size still covers width x height; 1 if none does."""
    if detect_format(data) not in SCALE_ON_LOAD:
        return 1
    full_width, full_height = upright_size(data)
    covering = (n for n in JPEG_SCALES if full_width // n >= width and full_height // n >= height)
    return next(covering, 1)


def load_at(data: bytes, scale: int) -> VipsImage:
    """The first frame at 1/scale of its size, as `scale_for` has it; to be decoded once, from top to bottom."""
    options = SCALE_ON_LOAD[detect_format(data)](scale) if scale > 1 else {}
    return _load(data, **options)


def resize(image: VipsImage, width: int, height: int) -> VipsImage:
    """Exactly width x height pixels, upright, in memory: Lanczos 3, colours weighted by their alpha."""
    return image.thumbnail_image(width, height=height, size="force").copy_memory()


def to_srgb(image: VipsImage) -> VipsImage:
    """Three bands of 8-bit sRGB, and a fourth if some pixel is not opaque; in memory.

    Any ICC profile is applied and any space converted (libvips brings its own profile for CMYK without one).
    """
    if image.get_typeof("icc-profile-data"):
        with suppress(pyvips.Error):  # the profile is broken, or belongs to another space
            image = image.icc_transform("srgb", embedded=True).copy_memory()
    image = image.colourspace("srgb")
    if image.hasalpha() and image[image.bands - 1].min() == OPAQUE:
        image = image.extract_band(0, n=3)
    return image.copy_memory()


def flatten(image: VipsImage) -> VipsImage:
    """Three bands: what is translucent is seen on white, as most pages show it."""
    return image.flatten(background=WHITE) if image.hasalpha() else image


def rows_of(data: bytes) -> Iterator[bytes]:
    """All upright 8-bit sRGB pixels, flattened, in strips from the top. One image whole in memory at most."""
    pixels = flatten(to_srgb(_load(data).copy_memory().autorot()))
    for top in range(0, pixels.height, STRIP_ROWS):
        strip = pixels.crop(0, top, pixels.width, min(STRIP_ROWS, pixels.height - top))
        yield strip.write_to_memory()


def save(image: VipsImage, image_format: str, quality: int) -> bytes:
    """The encoded bytes, with no metadata."""
    saver, options = SAVERS[image_format]
    if image_format not in LOSSLESS:
        options = {**options, "Q": quality}
    encoded: bytes = getattr(image, saver)(keep="none", **options)
    return encoded


def _load(data: bytes, **options: Any) -> VipsImage:
    loader = getattr(pyvips.Image, LOADERS[detect_format(data)])
    return loader(data, access="sequential", fail_on="truncated", **options)


def _upright(image: VipsImage) -> tuple[int, int]:
    is_turned = image.get_typeof("orientation") and image.get("orientation") in TURNED
    return (image.height, image.width) if is_turned else (image.width, image.height)
