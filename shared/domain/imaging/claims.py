"""What a file claims to be, read from its headers without decoding a pixel."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from io import BytesIO
from itertools import islice
from struct import unpack_from

# Loaded now: lazily, a plugin that cannot be loaded makes a good image look like bytes that are none.
from PIL import (
    AvifImagePlugin,  # noqa: F401
    GifImagePlugin,  # noqa: F401
    Image,
    JpegImagePlugin,  # noqa: F401
    MpoImagePlugin,  # noqa: F401
    PngImagePlugin,  # noqa: F401
    TiffImagePlugin,  # noqa: F401
    WebPImagePlugin,  # noqa: F401
)

from shared.domain.imaging.structure import gif_frames

# Darkroom's own limits are checked on the claims; Pillow's guard would answer first, and with a warning.
Image.MAX_IMAGE_PIXELS = None

Size = tuple[int, int]


def claimed_frames(image_format: str, data: bytes, max_frames: int) -> list[Size]:
    """The (width, height) in pixels of each frame as stored, at most max_frames + 1 of them.

    Raises one of DECODER_ERRORS when the header makes no sense.
    """
    return list(islice(CLAIMS[image_format](data), max_frames + 1))


def open_with_pillow(image_format: str, data: bytes) -> Image.Image:
    """The image with its header read and nothing decoded. Raises one of DECODER_ERRORS."""
    return Image.open(BytesIO(data), formats=[image_format.upper()])


def _pillow_frame(data: bytes) -> Iterable[Size]:
    return [open_with_pillow("jpeg", data).size]


def _pillow_frames(image_format: str) -> Callable[[bytes], Iterable[Size]]:
    """For formats whose header states the number of frames (APNG's acTL, an AVIF sequence's track)."""

    def read(data: bytes) -> Iterator[Size]:
        image = open_with_pillow(image_format, data)
        return (image.size for _ in range(getattr(image, "n_frames", 1)))

    return read


def _tiff_frames(data: bytes) -> Iterator[Size]:
    image = open_with_pillow("tiff", data)
    for page in range(1 << 16):
        try:
            image.seek(page)
        except EOFError:
            return
        yield image.size


def _gif_frames(data: bytes) -> Iterator[Size]:
    """Not by Pillow, which decodes each frame to count it. A frame may reach past the screen it is drawn on."""
    width, height = unpack_from("<2H", data, 6)
    for right, bottom in gif_frames(data):
        yield max(width, right), max(height, bottom)


def _webp_frames(data: bytes) -> Iterator[Size]:
    """Not by Pillow, whose decoder allocates two canvases on opening. RFC 9649, section 2."""
    kind = data[12:16]
    if kind == b"VP8X":
        canvas = (_uint24(data, 24) + 1, _uint24(data, 27) + 1)
        is_animated = data[20] & 0x02
        return (canvas for _ in (_riff_chunks(data, b"ANMF") if is_animated else (0,)))
    if kind == b"VP8L":
        bits = unpack_from("<L", data, 21)[0]
        return iter([((bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1)])
    width, height = unpack_from("<2H", data, 26)
    return iter([(width & 0x3FFF, height & 0x3FFF)])


def _riff_chunks(data: bytes, wanted: bytes) -> Iterator[int]:
    """The offset of each chunk of the wanted kind."""
    at = 12
    while at + 8 <= len(data):
        kind, length = unpack_from("<4sL", data, at)
        if kind == wanted:
            yield at
        at += 8 + length + length % 2


def _uint24(data: bytes, at: int) -> int:
    return int.from_bytes(data[at : at + 3], "little")


CLAIMS: dict[str, Callable[[bytes], Iterable[Size]]] = {
    "jpeg": _pillow_frame,
    "png": _pillow_frames("png"),
    "webp": _webp_frames,
    "gif": _gif_frames,
    "tiff": _tiff_frames,
    "avif": _pillow_frames("avif"),
}
