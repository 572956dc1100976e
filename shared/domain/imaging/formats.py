"""Image formats told by their first bytes, and the errors that decoding hostile bytes may raise."""

from __future__ import annotations

import struct
import zlib

from shared.errors import UnsupportedFormat

# Everything that Pillow was seen to raise on broken files; OSError alone is a fraction of it.
# LookupError holds KeyError and IndexError; ArithmeticError holds OverflowError and ZeroDivisionError;
# RuntimeError holds RecursionError and NotImplementedError.
DECODER_ERRORS = (
    OSError,
    ValueError,
    SyntaxError,
    TypeError,
    AttributeError,
    AssertionError,
    LookupError,
    ArithmeticError,
    EOFError,
    MemoryError,
    RuntimeError,
    struct.error,
    zlib.error,
)

SIGNATURES = (
    (b"\xff\xd8\xff", "jpeg"),
    (b"\x89PNG\r\n\x1a\n", "png"),
    (b"GIF87a", "gif"),
    (b"GIF89a", "gif"),
    (b"II*\x00", "tiff"),
    (b"MM\x00*", "tiff"),
    (b"II+\x00", "tiff"),  # BigTIFF
    (b"MM\x00+", "tiff"),
)
AVIF_BRANDS = {b"avif", b"avis"}


def detect_format(data: bytes) -> str:
    """One of jpeg, png, gif, tiff, webp, avif, by content alone. An MPO is a jpeg with more after it.

    Raises UnsupportedFormat.
    """
    for signature, name in SIGNATURES:
        if data.startswith(signature):
            return name
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "webp"
    if data[4:8] == b"ftyp" and AVIF_BRANDS & _brands(data):
        return "avif"
    raise UnsupportedFormat("The content is not JPEG, PNG, WebP, GIF, TIFF or AVIF")


def _brands(data: bytes) -> set[bytes]:
    """Major and compatible brands of an ISO media file (ISO/IEC 14496-12, box ftyp).

    A HEIC file may share its major brand, mif1, with AVIF, so the compatible ones decide too.
    """
    end = min(int.from_bytes(data[:4], "big"), 256)
    return {data[8:12], *(data[at : at + 4] for at in range(16, end, 4))}
