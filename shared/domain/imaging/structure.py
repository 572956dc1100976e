"""Whether a file ends before its image does, told from its structure without decoding a pixel.

A file that breaks the structure in another way is not "cut short": decoding it gives the verdict.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from struct import error as struct_error
from struct import unpack_from

# A JPEG marker: 0xFF and a code; 0xFF00 is a stuffed byte of the scan and D0-D7 are restarts inside it.
JPEG_MARKER = re.compile(rb"\xff([\x01-\xcf\xd8-\xfe])")
JPEG_STANDALONE = {0x01, 0xD8}
JPEG_END = 0xD9

# Bytes per value of the field types 1 to 18 (TIFF 6.0, page 15); 16 to 18 are BigTIFF's.
TIFF_TYPE_BYTES = dict(enumerate((1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8, 4, 0, 0, 8, 8, 8), start=1))
# struct codes of an offset and of the number of entries; bytes of an entry
CLASSIC_TIFF = ("L", "H", 12)
BIG_TIFF = ("Q", "Q", 20)
TIFF_FORMATS = {1: "B", 3: "H", 4: "L", 16: "Q"}
TIFF_OFFSETS = {273: 279, 324: 325}  # strip and tile offsets → their byte counts
# Far above any real file; they bound the walk of a hostile one.
TIFF_MAX_DIRECTORIES = 1000
TIFF_MAX_ENTRIES = 1000

MIN_BOX_BYTES = 8
GIF_EXTENSION, GIF_FRAME, GIF_TRAILER = 0x21, 0x2C, 0x3B


def is_cut_short(image_format: str, data: bytes) -> bool:
    """True if the structure of the file reaches past its last byte."""
    try:
        return ENDS[image_format](data)
    except (struct_error, IndexError, OverflowError):  # a header that is itself cut, or points beyond any file
        return True


def _jpeg_is_cut(data: bytes) -> bool:
    at = 2
    while marker := JPEG_MARKER.search(data, at):
        code, at = marker[1][0], marker.end()
        if code == JPEG_END:
            return False
        if code not in JPEG_STANDALONE:
            at += unpack_from(">H", data, at)[0]
    return True


def _png_is_cut(data: bytes) -> bool:
    at = 8
    while True:
        length, kind = unpack_from(">L4s", data, at)
        at += 12 + length
        if at > len(data):
            return True
        if kind == b"IEND":
            return False


def _riff_is_cut(data: bytes) -> bool:
    return len(data) < 8 + int.from_bytes(data[4:8], "little")


def _boxes_are_cut(data: bytes) -> bool:
    """ISO/IEC 14496-12: size and type; size 1 means a 64-bit size follows, 0 means up to the end."""
    at = 0
    while at < len(data):
        size = unpack_from(">L", data, at)[0]
        if size == 1:
            size = unpack_from(">Q", data, at + 8)[0]
        if size < MIN_BOX_BYTES:
            return False
        at += size
    return at > len(data)


def _tiff_is_cut(data: bytes) -> bool:
    order = "<" if data[:1] == b"I" else ">"
    is_big = data[2:4] in (b"+\x00", b"\x00+")
    word, count, entry_bytes = BIG_TIFF if is_big else CLASSIC_TIFF
    directory = unpack_from(order + word, data, 8 if is_big else 4)[0]
    for _ in range(TIFF_MAX_DIRECTORIES):
        if directory == 0:
            return False
        entries = unpack_from(order + count, data, directory)[0]
        if entries > TIFF_MAX_ENTRIES:
            return False
        first = directory + (8 if is_big else 2)
        after = first + entries * entry_bytes
        directory = unpack_from(order + word, data, after)[0]
        if _strips_are_cut(data, order, word, range(first, after, entry_bytes)):
            return True
    return False


def _strips_are_cut(data: bytes, order: str, word: str, entries: range) -> bool:
    """Whether a value of the directory, or a strip or tile that it points to, lies past the end."""
    arrays: dict[int, tuple[int, ...]] = {}
    inline = 8 if word == "Q" else 4
    for entry in entries:
        tag, kind, count = unpack_from(f"{order}HH{word}", data, entry)
        at = entry + 4 + inline
        size = TIFF_TYPE_BYTES.get(kind, 0) * count
        if size > inline:
            at = unpack_from(order + word, data, at)[0]
        if at + size > len(data):
            return True
        if kind in TIFF_FORMATS and (tag in TIFF_OFFSETS or tag in TIFF_OFFSETS.values()):
            arrays[tag] = unpack_from(f"{order}{count}{TIFF_FORMATS[kind]}", data, at)
    return any(
        offset + length > len(data)
        for offsets, lengths in TIFF_OFFSETS.items()
        for offset, length in zip(arrays.get(offsets, ()), arrays.get(lengths, ()), strict=False)
    )


def _gif_is_cut(data: bytes) -> bool:
    for _ in gif_frames(data):
        pass
    return False


def gif_frames(data: bytes) -> Iterator[tuple[int, int]]:
    """The (right, bottom) edge in pixels of each frame, up to the trailer (GIF89a, sections 18-27).

    Raises IndexError or struct.error where the data ends too early.
    """
    at = 13 + _gif_palette_bytes(data[10])
    while (block := data[at]) != GIF_TRAILER:
        if block == GIF_FRAME:
            left, top, width, height, flags = unpack_from("<4HB", data, at + 1)
            yield left + width, top + height
            at += 11 + _gif_palette_bytes(flags)
        elif block == GIF_EXTENSION:
            at += 2
        else:
            return
        while length := data[at]:
            at += 1 + length
        at += 1


def _gif_palette_bytes(flags: int) -> int:
    return 3 << (flags & 7) + 1 if flags & 0x80 else 0


ENDS: dict[str, Callable[[bytes], bool]] = {
    "jpeg": _jpeg_is_cut,
    "png": _png_is_cut,
    "webp": _riff_is_cut,
    "gif": _gif_is_cut,
    "tiff": _tiff_is_cut,
    "avif": _boxes_are_cut,
}
