"""What an image may measure. Checked against what the file claims, before a pixel is decoded."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """`max_pixels` counts all frames together; `max_edge` is in pixels."""

    max_bytes: int = 52_428_800
    max_pixels: int = 100_000_000
    max_edge: int = 30_000
    max_frames: int = 200
