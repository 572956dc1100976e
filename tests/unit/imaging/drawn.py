"""Drawn images, so that the right answer is known, and their encoded files."""

from __future__ import annotations

import struct
import zlib
from io import BytesIO
from typing import Any

import numpy as np
from PIL import Image


def solid(width: int = 60, height: int = 40, color: tuple[int, ...] = (200, 30, 30)) -> Image.Image:
    return Image.new({1: "L", 3: "RGB", 4: "RGBA"}[len(color)], (width, height), color)


def gradient(width: int = 256, height: int = 64) -> Image.Image:
    row = np.linspace(0, 255, width).astype(np.uint8)
    return Image.fromarray(np.tile(row[None, :, None], (height, 1, 3)))


def checker(width: int = 256, height: int = 256, square: int = 16) -> Image.Image:
    y, x = np.mgrid[:height, :width] // square
    return Image.fromarray(((x + y) % 2 * 255).astype(np.uint8)).convert("RGB")


def noise(width: int = 48, height: int = 32, seed: int = 1) -> Image.Image:
    return Image.fromarray(np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8))


def blobs(width: int = 640, height: int = 480, seed: int = 1) -> Image.Image:
    """Smooth random patches with some grain: as near to a photo as a drawing gets."""
    coarse = noise(12, 9, seed).resize((width, height), Image.Resampling.BICUBIC)
    return Image.blend(coarse, noise(width, height, seed), 0.1)


def cornered(width: int = 60, height: int = 40) -> Image.Image:
    """Red, with a blue quarter at the top left: it shows which way is up."""
    image = solid(width, height)
    image.paste((30, 30, 200), (0, 0, width // 2, height // 2))
    return image


def translucent(width: int = 48, height: int = 32) -> Image.Image:
    """Noise, opaque on the left edge and transparent on the right."""
    image = noise(width, height)
    image.putalpha(Image.fromarray(255 - np.asarray(gradient(width, height).convert("L"))))
    return image


def encode(image: Image.Image, image_format: str = "JPEG", **options: Any) -> bytes:
    file = BytesIO()
    image.save(file, image_format, **options)
    return file.getvalue()


def open_image(data: bytes) -> Image.Image:
    image = Image.open(BytesIO(data))
    image.load()
    return image


def oriented(value: int) -> Image.Exif:
    exif = Image.Exif()
    exif[274] = value
    return exif


def png_claiming(width: int, height: int) -> bytes:
    """A well-formed PNG of a hundred bytes whose header claims width x height pixels."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">L", len(body)) + kind + body + struct.pack(">L", zlib.crc32(kind + body))

    header = struct.pack(">2L5B", width, height, 8, 2, 0, 0, 0)
    pixels = zlib.compress(b"\x00" * 100)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


ANIMATED = {"save_all": True, "append_images": [solid(48, 32), noise(seed=2)]}
# One small valid file of every kind that we take.
SAMPLES: dict[str, bytes] = {
    "jpeg": encode(noise(), "JPEG"),
    "progressive jpeg": encode(noise(), "JPEG", progressive=True),
    "grey jpeg": encode(noise().convert("L"), "JPEG"),
    "cmyk jpeg": encode(noise().convert("CMYK"), "JPEG"),
    "turned jpeg": encode(noise(), "JPEG", exif=oriented(6)),
    "png": encode(noise(), "PNG"),
    "palette png": encode(noise().convert("P"), "PNG"),
    "animated png": encode(noise(), "PNG", **ANIMATED),
    "webp": encode(noise(), "WEBP"),
    "lossless webp": encode(translucent(), "WEBP", lossless=True),
    "animated webp": encode(noise(), "WEBP", **ANIMATED),
    "gif": encode(noise(), "GIF"),
    "animated gif": encode(noise(), "GIF", **ANIMATED),
    "tiff": encode(noise(), "TIFF"),
    "lzw tiff": encode(noise(), "TIFF", compression="tiff_lzw"),
    "jpeg tiff": encode(noise(), "TIFF", compression="jpeg"),
    "big tiff": encode(noise(), "TIFF", big_tiff=True),
    "avif": encode(noise(), "AVIF"),
}
