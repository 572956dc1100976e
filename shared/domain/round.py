"""How far the nightly purge is: the day whose graves are done, and where its walk along the buckets goes on."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

PAGES_A_NIGHT = 1000
"""Of a thousand objects each; the walk goes on the next night. Ten million objects are gone over in ten nights."""


class Bucket(StrEnum):
    """What the walk leads along, in this order."""

    RENDITIONS = "renditions"
    ORIGINALS = "originals"


@dataclass(frozen=True)
class Round:
    """`step` is raised by every write, so that of two who walk at once one ends."""

    day: str = ""
    step: int = 0
    pages_left: int = 0
    bucket: Bucket = Bucket.RENDITIONS
    after: str | None = None
    """The bucket's cursor; None at its beginning."""
    graves_after: str | None = None
    """The cursor among the graves, while the next day's are not done."""

    @property
    def is_done(self) -> bool:
        return self.pages_left == 0


def begin(last: Round, day: str) -> Round:
    """The walk of a new day, from where the last one left off."""
    return replace(last, day=day, step=last.step + 1, pages_left=PAGES_A_NIGHT, graves_after=None)


def among_graves(last: Round, cursor: str | None) -> Round:
    """Time ran out before the day's graves were done."""
    return replace(last, step=last.step + 1, graves_after=cursor)


def past_page(now: Round, after: str | None) -> Round:
    """After a page that ended at this cursor, None at the bucket's end. At the end of the last bucket it is done."""
    moved = replace(now, step=now.step + 1, pages_left=now.pages_left - 1, after=after)
    if after is not None:
        return moved
    if now.bucket is Bucket.RENDITIONS:
        return replace(moved, bucket=Bucket.ORIGINALS)
    return replace(moved, bucket=Bucket.RENDITIONS, pages_left=0)
