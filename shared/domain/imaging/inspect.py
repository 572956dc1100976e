"""Is this an image we take, and what is it? Every limit is checked before the first pixel is decoded."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from io import BytesIO

from PIL import Image, ImageCms

from shared.domain.imaging.claims import Size, claimed_frames, open_with_pillow
from shared.domain.imaging.exif import read_exif
from shared.domain.imaging.formats import DECODER_ERRORS, detect_format
from shared.domain.imaging.libvips import refusing_vips_errors, upright_size
from shared.domain.imaging.structure import is_cut_short
from shared.domain.limits import Limits
from shared.errors import (
    EdgeTooLong,
    EmptyFile,
    FileTooLarge,
    Refused,
    TooManyFrames,
    TooManyPixels,
    TruncatedImage,
    UnreadableImage,
    UnsupportedFormat,
)

# Pillow's modes → how they are named. The modes left out (32-bit integers, floats, LAB) have no agreed white.
COLOR_SPACES = {
    "1": "grey",
    "L": "grey",
    "LA": "grey",
    "I;16": "grey",
    "I;16B": "grey",
    "P": "RGB",
    "PA": "RGB",
    "RGB": "RGB",
    "RGBA": "RGB",
    "RGBX": "RGB",
    "YCbCr": "RGB",
    "CMYK": "CMYK",
}
# Pillow decodes a JPEG at 1/8 size for a request this small; the whole bit stream is still read.
SMALLEST = (1, 1)


@dataclass(frozen=True)
class ImageFacts:
    """`width` and `height` are pixels as seen, EXIF orientation applied; `exif` is a small readable subset."""

    format: str
    width: int
    height: int
    frames: int
    color_space: str
    has_alpha: bool
    exif: dict[str, str]


def inspect_image(data: bytes, limits: Limits) -> ImageFacts:
    """The facts of an image whose bytes are whole and decodable. Raises a Refused for every other bytes.

    Order: empty, bytes, format, edge, frames, pixels, end of file, then one decode.
    """
    if not data:
        raise EmptyFile
    _check(FileTooLarge, len(data), limits.max_bytes)
    image_format = detect_format(data)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow's remarks on odd metadata
            return _inspect(image_format, data, limits)
    except DECODER_ERRORS as error:
        raise (TruncatedImage if is_cut_short(image_format, data) else UnreadableImage) from error


def _inspect(image_format: str, data: bytes, limits: Limits) -> ImageFacts:
    frames = claimed_frames(image_format, data, limits.max_frames)
    _check_frames(frames, limits)
    if is_cut_short(image_format, data):
        raise TruncatedImage
    image = open_with_pillow(image_format, data)
    _check_frames([image.size], limits)
    color_space = _color_space(image)
    exif = _exif(image, image_format)
    has_alpha, readable_exif = image.has_transparency_data, read_exif(exif)  # load() drops a TIFF's orientation
    if image_format == "jpeg":
        image.draft("L", SMALLEST)
    image.load()
    with refusing_vips_errors():
        width, height = upright_size(data)  # of the decoder that makes the renditions, so that the two agree
    return ImageFacts(image_format, width, height, len(frames), color_space, has_alpha, readable_exif)


def _check_frames(frames: list[Size], limits: Limits) -> None:
    if not frames or min(min(size) for size in frames) < 1:
        raise ValueError("no frame, or one without pixels")
    _check(EdgeTooLong, max(max(size) for size in frames), limits.max_edge)
    _check(TooManyFrames, len(frames), limits.max_frames)
    _check(TooManyPixels, sum(width * height for width, height in frames), limits.max_pixels)


def _check(refusal: type[Refused], measured: int, limit: int) -> None:
    if measured > limit:
        raise refusal(limit=limit, measured=measured)


def _exif(image: Image.Image, image_format: str) -> Image.Exif:
    """The EXIF block alone: Pillow's getexif() also takes an orientation from XMP, which libvips ignores."""
    if image_format == "tiff":
        return image.getexif()
    exif = Image.Exif()
    try:
        exif.load(image.info.get("exif", b""))
    except DECODER_ERRORS:
        return Image.Exif()  # broken metadata does not make a bad picture
    return exif


def _color_space(image: Image.Image) -> str:
    name = COLOR_SPACES.get(image.mode)
    if name is None:
        raise UnsupportedFormat("The image's kind of pixels is not one we take")
    return "sRGB" if name == "RGB" and _is_srgb(image.info.get("icc_profile")) else name


def _is_srgb(profile: bytes | None) -> bool:
    """No profile means sRGB, as on the web; otherwise the profile says it by its description."""
    if not profile:
        return True
    try:
        return "sRGB" in ImageCms.getProfileDescription(ImageCms.ImageCmsProfile(BytesIO(profile)))
    except (*DECODER_ERRORS, ImageCms.PyCMSError):
        return True  # a profile nobody can read is ignored, as libvips does
