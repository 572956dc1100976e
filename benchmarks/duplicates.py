"""What the search for near-duplicates takes as a project grows: `python -m benchmarks.duplicates`.

The search is the real one, on random hashes in segments as the store would have left them. What is loaded and written
is computed from the store's policy, played image by image: rows of the tail, and segments each time they are made anew.
Fails when the scan of a million hashes takes more than its budget.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime

import numpy as np

from shared.domain.hashes import RECORD, Part, neighbours, part_of
from shared.domain.member import Member
from shared.domain.scoring import UNIQUE_DISTANCE
from shared.stores.hashes import TAIL

SIZES = (1_000, 100_000, 1_000_000)
SCAN_BUDGET_MS = 1.0
ROUNDS = 15
ROW_BYTES = 190
"""A row of the tail, names included, as DynamoDB counts it."""


def main() -> None:
    """Print a line for each size."""
    rng = np.random.default_rng(1)
    print("  images   scan ms   search ms   cold worker loads   then for each image: loads    writes   segments")
    is_over = False
    for size in SIZES:
        records = np.zeros(size, RECORD)
        records["hash"] = rng.integers(0, 2**64, size, dtype=np.uint64)
        records["asset"] = rng.integers(0, 256, (size, 20), dtype=np.uint8)
        segments, written = _segments(size)
        parts = [part_of(piece) for piece in np.split(records, np.cumsum(segments)[:-1])]
        scan, search = _median_ms(_scan, parts), _median_ms(_search, parts)
        tail = ROW_BYTES * TAIL / 2
        print(
            f"{size:8,}{scan:10.2f}{search:12.2f}{(size * RECORD.itemsize + tail) / 1e6:14.2f} MB"
            f"{(tail + written / size) / 1e3:26.1f} KB{(ROW_BYTES + written / size) / 1e3:7.2f} KB{len(segments):9}"
        )
        is_over |= scan > SCAN_BUDGET_MS and size == SIZES[-1]
    print(
        f"scan: XOR and count of bits, budget {SCAN_BUDGET_MS} ms at a million; search: with what is near, and sorted."
    )
    print(
        f"Each image reads the tail ({TAIL // 2} rows on average); one worker that scores them all, each new segment."
    )
    sys.exit(is_over)


def _segments(size: int) -> tuple[list[int], int]:
    """The store's policy, played for so many images: the segments at the end, and all bytes written to S3."""
    segments: list[int] = []
    written = 0
    for _ in range(size // TAIL):
        count = TAIL
        while segments and segments[-1] < 2 * count:
            count += segments.pop()
        segments.append(count)
        written += count * RECORD.itemsize
    rest = size - sum(segments)
    return segments + ([rest] if rest else []), written


def _scan(parts: list[Part], own: int) -> None:
    for part in parts:
        np.flatnonzero(np.bitwise_count(part.hashes ^ np.uint64(own)) < UNIQUE_DISTANCE)


def _search(parts: list[Part], own: int) -> None:
    neighbours(Member("asset_" + "a" * 32, datetime(2026, 1, 1, tzinfo=UTC), own), parts)


def _median_ms(act: Callable[[list[Part], int], None], parts: list[Part]) -> float:
    own = [int(number) for number in np.random.default_rng(2).integers(0, 2**64, ROUNDS, dtype=np.uint64)]
    times = []
    for bits in own:
        began = time.perf_counter()
        act(parts, bits)
        times.append(1000 * (time.perf_counter() - began))
    return statistics.median(times)


if __name__ == "__main__":
    main()
