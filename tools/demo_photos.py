"""A folder of demo photos, good and bad: `python -m tools.demo_photos FOLDER`. The same bytes every time.

The photographs are those inside scikit-image's package, so nothing is downloaded.
"""

from __future__ import annotations

import struct
import sys
import zlib
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import skimage
from PIL import Image, ImageFilter

PHOTOS = Path(skimage.__file__).parent / "data"
LONGEST_EDGE = 1600
EXIF_ORIENTATION = 274

# file name → photograph and format; camera, moon, brick and gravel are greyscale
GOOD = {
    "astronaut.jpg": ("astronaut.png", "JPEG"),
    "cat.jpg": ("chelsea.png", "JPEG"),
    "coffee.jpg": ("coffee.png", "JPEG"),
    "rocket.jpg": ("rocket.jpg", "JPEG"),
    "galaxies.jpg": ("hubble_deep_field.jpg", "JPEG"),
    "motorcycle.webp": ("motorcycle_left.png", "WEBP"),
    "moon.webp": ("moon.png", "WEBP"),
    "cameraman.png": ("camera.png", "PNG"),
    "gravel.jpg": ("gravel.png", "JPEG"),
    "brick_wall.png": ("brick.png", "PNG"),
}

# What becomes of each file. Of two files with the same bytes, either may come first.
EXPECTED: dict[str, str | tuple[str, ...]] = {
    **dict.fromkeys(GOOD, "created"),
    "coffee.jpg": ("created", "exists"),
    "coffee_again.jpg": ("created", "exists"),
    "coffee_blurred.jpg": "created",
    "coffee_dark.jpg": "created",
    "rocket_on_its_side.jpg": "created",
    "empty.jpg": "empty_file",
    "cut_short.jpg": "truncated_image",
    "really_a_text.jpg": "unsupported_format",
    "claims_50000x50000.png": "edge_too_long",
}


def write_demo_photos(folder: Path) -> list[Path]:
    """Write every file of EXPECTED into the folder, which is made when missing. Returns the paths by name."""
    folder.mkdir(parents=True, exist_ok=True)
    files = {name: _encode(_photo(source), kind) for name, (source, kind) in GOOD.items()}
    files |= {name: make(files) for name, make in DERIVED.items()}
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return [folder / name for name in sorted(files)]


def _photo(name: str) -> Image.Image:
    with Image.open(PHOTOS / name) as photo:
        scale = LONGEST_EDGE / max(photo.size)
        size = (round(photo.width * scale), round(photo.height * scale))
        grown = photo.convert("L" if photo.mode == "L" else "RGB").resize(size, Image.Resampling.LANCZOS)
    return grown.filter(ImageFilter.UnsharpMask(radius=2, percent=200, threshold=0))  # growing blurs


def _encode(photo: Image.Image, kind: str, exif: Image.Exif | None = None) -> bytes:
    if kind == "PNG":
        photo = photo.resize((photo.width // 2, photo.height // 2))  # 800 pixels: a PNG is four times as heavy
    file = BytesIO()
    photo.save(file, kind, quality=88, exif=exif or Image.Exif())
    return file.getvalue()


def _on_its_side(_: dict[str, bytes]) -> bytes:
    """Stored lying down; orientation 6 says: turn it a quarter clockwise to see it."""
    exif = Image.Exif()
    exif[EXIF_ORIENTATION] = 6
    return _encode(_photo("rocket.jpg").transpose(Image.Transpose.ROTATE_90), "JPEG", exif)


def _png_claiming(width: int, height: int) -> bytes:
    """A well-formed file of about a hundred bytes."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">L", len(body)) + kind + body + struct.pack(">L", zlib.crc32(kind + body))

    header = struct.pack(">2L5B", width, height, 8, 2, 0, 0, 0)
    rows = zlib.compress(bytes(100))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


# file name → its bytes, made from those of the good ones
DERIVED: dict[str, Callable[[dict[str, bytes]], bytes]] = {
    "coffee_again.jpg": lambda good: good["coffee.jpg"],
    "coffee_blurred.jpg": lambda _: _encode(_photo("coffee.png").filter(ImageFilter.GaussianBlur(12)), "JPEG"),
    "coffee_dark.jpg": lambda _: _encode(_photo("coffee.png").point(lambda level: level // 6), "JPEG"),
    "rocket_on_its_side.jpg": _on_its_side,
    "empty.jpg": lambda _: b"",
    "cut_short.jpg": lambda good: good["cat.jpg"][: len(good["cat.jpg"]) // 2],
    "really_a_text.jpg": lambda _: b"This is a text. Only its name says that it is a photo.\n",
    "claims_50000x50000.png": lambda _: _png_claiming(50_000, 50_000),
}


if __name__ == "__main__":
    for path in write_demo_photos(Path(sys.argv[1])):
        print(path)
