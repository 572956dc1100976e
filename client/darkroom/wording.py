"""Numbers and reasons in words, for tables, bars and errors."""

from __future__ import annotations

import math
from datetime import UTC, datetime

from darkroom.errors import bounds
from darkroom.verdicts import Verdict

UNITS = ("B", "kB", "MB", "GB", "TB")


def size(size_bytes: float) -> str:
    """'812 B', '1.2 MB': decimal units."""
    thousands = min(int(math.log10(max(size_bytes, 1))) // 3, len(UNITS) - 1)
    return f"{size_bytes / 1000**thousands:.{min(thousands, 1)}f} {UNITS[thousands]}"


def duration(seconds: float) -> str:
    """'12 s', '3 min 20 s', '2 h 5 min'."""
    minutes, left_s = divmod(round(seconds), 60)
    hours, left_min = divmod(minutes, 60)
    if hours:
        return f"{hours} h {left_min} min"
    return f"{minutes} min {left_s} s" if minutes else f"{left_s} s"


def average(seconds: float) -> str:
    """'85 ms per image', '2.05 s per image'."""
    return f"{seconds * 1000:.0f} ms per image" if seconds < 1 else f"{seconds:.2f} s per image"


def rate(per_second: float) -> str:
    """'12.5 images a second', '29.3 images a minute'."""
    return f"{per_second:,.1f} images a second" if per_second >= 1 else f"{per_second * 60:.1f} images a minute"


def moment(text: str | None) -> str:
    """'2025-01-31 12:00:05 UTC' of the server's ISO time, a dash where there is none."""
    if not text:
        return "–"
    return f"{datetime.fromisoformat(text).astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def count(number: int, word: str) -> str:
    """'1 file', '1,200 files'."""
    return f"{number:,} {word}{'' if number == 1 else 's'}"


def score(value: float | None) -> str:
    """A 0–1 value to three places, a dash where there is none."""
    return "–" if value is None else f"{value:.3f}"


def reason(verdict: Verdict) -> str:
    """Why a file is not fine: 'The file is larger than allowed [limit 50,000,000, measured 61,000,000]'."""
    return f"{verdict.detail}{bounds(verdict.limit, verdict.measured)}"
