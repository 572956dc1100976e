"""The soak's files: drawn, distinct, the same bytes every time, and what each of them deserves."""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image

from tools.demo_photos import DERIVED

SMALL, LARGE = (320, 240), (3000, 2000)
FORMATS = (("jpg", "JPEG"), ("png", "PNG"), ("webp", "WEBP"))
BLOCKS = 12
MANY_FRAMES = 201

Deserved = dict[str, frozenset[str]]
"""File name → its outcome, or its code when it is refused; of two files with the same bytes, either may come first."""


def write_images(folder: Path, good: int, copies: int, bad: int, size: tuple[int, int] = SMALL) -> Deserved:
    """Write the files into a new folder. `copies` repeat the bytes of as many good ones; `bad` take turns by kind."""
    folder.mkdir(parents=True)
    deserved: Deserved = {}
    for i in range(good):
        extension, kind = FORMATS[0] if i % 5 else FORMATS[i // 5 % len(FORMATS)]
        name = f"good_{i:05d}.{extension}"
        (folder / name).write_bytes(draw(i, kind, size))
        deserved[name] = frozenset({"created"})
    originals = sorted(deserved)
    for i, original in enumerate(originals[:copies]):
        name = f"copy_{i:05d}{Path(original).suffix}"
        (folder / name).write_bytes((folder / original).read_bytes())
        deserved[name] = deserved[original] = frozenset({"created", "exists"})
    for i in range(bad):
        code, make = BAD[i % len(BAD)]
        name = f"bad_{i:05d}.jpg"
        (folder / name).write_bytes(make(i))
        deserved[name] = frozenset({code})
    return deserved


def draw(seed: int, kind: str = "JPEG", size: tuple[int, int] = SMALL) -> bytes:
    """Coarse random blocks: unlike any other seed's."""
    blocks = np.random.default_rng(seed).integers(0, 255, (BLOCKS, BLOCKS, 3), dtype=np.uint8)
    return _encoded(Image.fromarray(blocks).resize(size, Image.Resampling.NEAREST), kind)


def _encoded(image: Image.Image, kind: str, frames: list[Image.Image] | None = None) -> bytes:
    body = BytesIO()
    image.save(body, kind, **({"save_all": True, "append_images": frames} if frames else {}))
    return body.getvalue()


def _long_animation(seed: int) -> bytes:
    colours = np.random.default_rng(seed).integers(0, 255, (MANY_FRAMES, 1, 1, 3), dtype=np.uint8)
    first, *others = [Image.fromarray(colour).resize((8, 8)) for colour in colours]
    return _encoded(first, "GIF", others)


# code → its bytes, from a number that keeps two of a kind apart where the kind allows it
BAD: list[tuple[str, Callable[[int], bytes]]] = [
    ("empty_file", lambda _: b""),
    ("truncated_image", lambda i: draw(10_000 + i)[:2000]),
    ("unsupported_format", lambda i: f"This is text number {i}.\n".encode()),
    ("edge_too_long", lambda _: DERIVED["claims_50000x50000.png"]({})),
    ("too_many_frames", _long_animation),
]
