"""How a job walks its manifest: in batches, each step fenced by its number."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import accumulate

MAX_BATCH_SIZE = 50
MAX_DELAY_MS = 30_000
PAGE = 1000
"""Images that one step looks at, and so the most entries in one chunk of a manifest: about 100 kB. What a start freezes
at most inside its request."""

LONGEST = timedelta(days=20)
"""How long a job may be handed out: its manifest is kept for thirty days, the row that names it as latest for 28."""

SILENCE = timedelta(seconds=60)
"""Longer than any step takes."""


@dataclass(frozen=True)
class QualityOptions:
    """What a caller may choose: images per message, milliseconds from one batch to the next, and which images."""

    batch_size: int = MAX_BATCH_SIZE
    delay_ms: int = 0
    only_missing: bool = True

    def batches(self, images: int) -> int:
        return math.ceil(images / self.batch_size)

    def lasts(self, images: int) -> timedelta:
        """How long handing out so many images takes at least."""
        return self.batches(images) * timedelta(milliseconds=self.delay_ms)


@dataclass(frozen=True)
class Entry:
    """One line of a manifest."""

    asset_id: str
    filename: str


@dataclass(frozen=True)
class Chunk:
    """Some entries of a manifest, and where in the catalog those after them begin; None after the last."""

    entries: list[Entry]
    next_cursor: str | None


@dataclass(frozen=True)
class Dispatch:
    """How far a job's manifest is written and handed out.

    `step` is the fence: it rises by one with each step done, and a step is done only by whoever raises it.
    """

    job_id: str
    options: QualityOptions
    step: int = 0
    chunks: tuple[int, ...] = ()
    """Entries in each chunk of the manifest that is written."""
    cursor: str | None = None
    """Where in the catalog the next page of entries begins; None before the first and after the last."""
    is_frozen: bool = False
    dispatched: int = 0
    """Entries handed out."""
    next_batch_at: datetime | None = None
    moved_at: datetime | None = None

    def is_silent(self, now: datetime) -> bool:
        """Whether the next step should have been done a while ago."""
        due = max((at for at in (self.moved_at, self.next_batch_at) if at), default=now)
        return now - due > SILENCE

    @property
    def frozen(self) -> int:
        """Entries written."""
        return sum(self.chunks)

    @property
    def is_too_long(self) -> bool:
        return self.options.lasts(self.frozen) > LONGEST

    @property
    def next_batch(self) -> list[tuple[int, slice]]:
        """Where in the manifest the next batch lies: the number of each chunk that holds some of it, and what part."""
        end = min(self.dispatched + self.options.batch_size, self.frozen)
        begins = accumulate(self.chunks, initial=0)
        return [
            (number, slice(max(0, self.dispatched - begin), end - begin))
            for number, (begin, size) in enumerate(zip(begins, self.chunks, strict=False))
            if max(begin, self.dispatched) < min(begin + size, end)
        ]

    @property
    def is_done(self) -> bool:
        return self.is_frozen and self.dispatched >= self.frozen
