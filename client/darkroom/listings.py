"""A project's listed assets and its statistics, as frozen values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from darkroom.models import Quality, Raw, known


@dataclass(frozen=True, slots=True)
class AssetFilter:
    """Which assets to list, in which order; the server refuses pairs that it has no index for.

    `sort` is created, scored, overall_quality, sharpness or uniqueness. None: overall_quality where a range of it is
    given, else created. Qualities are 0–1, both ends included.
    """

    issue: str | None = None
    category: str | None = None
    min_quality: float | None = None
    max_quality: float | None = None
    sort: str | None = None
    is_ascending: bool = False

    def to_query(self) -> dict[str, Any]:
        has_range = self.min_quality is not None or self.max_quality is not None
        query = {
            "issue": self.issue,
            "category": self.category,
            "min_quality": self.min_quality,
            "max_quality": self.max_quality,
            "sort": self.sort or ("overall_quality" if has_range else "created"),
            "order": "asc" if self.is_ascending else "desc",
        }
        return {name: value for name, value in query.items() if value is not None}


@dataclass(frozen=True, slots=True)
class AssetSummary:
    """An asset as lists show it. `thumbnail_url` works for a while, and is None until the thumbnail is made."""

    asset_id: str
    filename: str = ""
    created_at: str | None = None
    width: int = 0
    height: int = 0
    bytes: int = 0
    format: str = ""
    status: str = ""
    stages: Mapping[str, str] = field(default_factory=dict)
    thumbnail_url: str | None = None
    quality: Quality | None = None
    nearest: Mapping[str, Any] | None = None

    @classmethod
    def parse(cls, raw: Raw) -> AssetSummary:
        quality = raw.get("quality")
        return known(cls, raw, quality=Quality.parse(quality) if quality else None)

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Statistics:
    """What is counted of a project. `histograms` have `bins` counts over 0–1 for each metric."""

    project: str
    assets: int
    bytes: int
    status: Mapping[str, int]
    category: Mapping[str, int]
    issues: Mapping[str, int]
    histograms: Mapping[str, tuple[int, ...]]
    bins: int
    scorer_versions: Mapping[str, int] = field(default_factory=dict)
    """Scored images by the version of the scorer."""

    @classmethod
    def parse(cls, raw: Raw) -> Statistics:
        return known(cls, raw, histograms={name: tuple(counts) for name, counts in raw["histograms"].items()})

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True, slots=True)
class DuplicateMember:
    """An image of a group of near-duplicates; `distance` in bits of the perceptual hash to the best one."""

    asset_id: str
    filename: str = ""
    created_at: str | None = None
    width: int = 0
    height: int = 0
    bytes: int = 0
    distance: int = 0
    perceptual_hash: str = ""
    is_best: bool = False
    overall_quality: float | None = None
    thumbnail_url: str | None = None


@dataclass(frozen=True, slots=True)
class DuplicateGroup:
    """Images that look alike, the earliest first. `best` is the id of the one to keep.

    Those are near-duplicates of it that have fewer than `flagged_below` bits of distance.
    """

    best: str
    flagged_below: int
    members: tuple[DuplicateMember, ...]
    is_whole: bool = True

    @classmethod
    def parse(cls, raw: Raw) -> DuplicateGroup:
        return known(cls, raw, members=tuple(known(DuplicateMember, member) for member in raw["members"]))

    @property
    def others(self) -> list[str]:
        """The ids of the near-duplicates of the best, the latest first: on that no other hangs, so it goes cheaply."""
        alike = (member.asset_id for member in reversed(self.members) if member.distance < self.flagged_below)
        return [asset_id for asset_id in alike if asset_id != self.best]

    @property
    def staying(self) -> list[str]:
        """The ids of those that are near-duplicates of others of the group, but not of the best."""
        return [member.asset_id for member in self.members if member.distance >= self.flagged_below]

    def to_json(self) -> dict[str, Any]:
        return asdict(self)
