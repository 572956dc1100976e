"""A project's statistics: what each asset adds to its counts and histograms."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from shared.domain.asset import Asset

BINS = 20
"""Of each histogram over 0-1; the last bin holds 1 as well."""

METRICS = (
    "sharpness",
    "brightness",
    "contrast",
    "uniqueness",
    "red_avg",
    "green_avg",
    "blue_avg",
    "overall_quality",
)


@dataclass(frozen=True)
class Statistics:
    """`histograms` has BINS counts over 0-1 for each metric; an image without a value is in none.

    `scorer_versions` counts the scored images by the version of the scorer.
    """

    assets: int
    bytes: int
    status: dict[str, int]
    category: dict[str, int]
    issues: dict[str, int]
    scorer_versions: dict[str, int]
    histograms: dict[str, list[int]]

    def to_score(self, below: int | None) -> int:
        """How many assets have no score of this scorer version or a later one; all of them for None."""
        if below is None:
            return self.assets
        return self.assets - sum(n for version, n in self.scorer_versions.items() if int(version) >= below)


def statistics_change(before: Asset | None, after: Asset | None) -> dict[str, int]:
    """Counter → by how much it changes when an asset becomes another, or comes to be, or is deleted."""
    change = Counter(_counters(after))
    change.subtract(_counters(before))
    return {name: by for name, by in change.items() if by}


def read_statistics(counters: Mapping[str, int]) -> Statistics:
    """The statistics that these counters hold; what is not there is 0."""
    return Statistics(
        assets=counters.get("assets", 0),
        bytes=counters.get("bytes", 0),
        status=_named("status", counters),
        category=_named("category", counters),
        issues=_named("issue", counters),
        scorer_versions=_named("scorer", counters),
        histograms={metric: [counters.get(_bin(metric, n), 0) for n in range(BINS)] for metric in METRICS},
    )


def _counters(asset: Asset | None) -> dict[str, int]:
    if asset is None:
        return {}
    counters = {"assets": 1, "bytes": asset.bytes, f"status/{asset.status}": 1}
    if asset.quality is None:
        return counters
    counters[f"category/{asset.quality['suitability']['category']}"] = 1
    counters |= {f"issue/{issue}": 1 for issue in asset.quality["issues"]}
    counters[f"scorer/{asset.quality['scorer_version']}"] = 1
    values = {metric: asset.quality.get(metric) for metric in METRICS}
    return counters | {
        _bin(metric, min(BINS - 1, int(value * BINS))): 1 for metric, value in values.items() if value is not None
    }


def _bin(metric: str, n: int) -> str:
    return f"histogram/{metric}/{n:02d}"


def _named(kind: str, counters: Mapping[str, int]) -> dict[str, int]:
    prefix = f"{kind}/"
    return {name.removeprefix(prefix): count for name, count in counters.items() if name.startswith(prefix) and count}
