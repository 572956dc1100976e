"""What measured values mean: metrics, weights, thresholds and suitability. Plain arithmetic, no pixels.

A weight, a threshold or a ramp is a number here and nowhere else; docs/scores.md explains them.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from shared.domain.scorer import SCORER_VERSION

DECIMALS = 4
WHITE = 255
# Half black, half white: the largest standard deviation that 8-bit luma can have.
MAX_DEVIATION = WHITE / 2
# A detail of this much is half sharp. Of 14 photographs of scikit-image, two soft ones have 65 and 90, one in focus
# has 180, and their median is about 970.
HALF_SHARP = 300
GOOD_BRIGHTNESS = (0.3, 0.7)
FULL_CONTRAST = 0.5
# Two hashes of different pictures differ in about 32 of 64 bits; at half of that nothing is left of a likeness.
UNIQUE_DISTANCE = 16
# Of two images with fewer bits between them the later one is a near-duplicate: chosen by benchmarks.near_duplicates.
FLAGGED_BELOW = 10

Values = Mapping[str, float | None]
Goodness = Callable[[float], float]


@dataclass(frozen=True)
class Suitability:
    """How well an image suits annotation, 0-100. `parts` are the points of each row of SUITABILITY, summing to it."""

    score: float
    category: str
    parts: dict[str, float]


@dataclass(frozen=True)
class Score:
    """All quality values of an image; `asdict` of it is what is stored. 0-1 and 4 decimals unless said otherwise.

    sharpness: d / (d + 300), d the detail. 0 flat or blurred away, 0.25 just in focus, 1 noise.
    brightness: mean luma / 255. 0 black, 1 white, 0.3-0.7 is the good range.
    contrast: standard deviation of luma / 127.5 (RMS contrast, Peli 1990). 0 flat, 1 half black and half white.
    uniqueness: see `uniqueness_of`. None until it is joined, and for good where there is no hash.
    red_avg, green_avg, blue_avg: mean of the channel / 255.
    overall_quality: weighted mean of WEIGHTS. 0 worst, 1 best.
    perceptual_hash: 16 hex characters; None for a uniform image, whose bits would be noise.
    issues: names from ISSUES. raw: what was measured, in its own unit.
    """

    scorer_version: int
    sharpness: float
    brightness: float
    contrast: float
    uniqueness: float | None
    red_avg: float
    green_avg: float
    blue_avg: float
    overall_quality: float
    perceptual_hash: str | None
    issues: tuple[str, ...]
    suitability: Suitability
    raw: dict[str, float]

    @property
    def is_hashable(self) -> bool:
        """Whether the image can be a duplicate of another; a uniform one cannot."""
        return self.perceptual_hash is not None


@dataclass(frozen=True)
class Part:
    """A row of a weights table: `weight x goodness` is what the metric gives. value None: not known, left out."""

    metric: str
    value: float | None
    goodness: float | None
    weight: float


@dataclass(frozen=True)
class Check:
    """A row of ISSUES: raised when the value lies `bound` ("below" or "above") the limit, never at it."""

    issue: str
    metric: str
    value: float | None
    bound: str
    limit: float
    is_raised: bool


@dataclass(frozen=True)
class Explanation:
    """Why a score is what it is, by the tables of `scorer_version`."""

    scorer_version: int
    parts: tuple[Part, ...]
    checks: tuple[Check, ...]
    suitability: tuple[Part, ...]


def judge(measured: Mapping[str, float], channels: tuple[float, float, float], perceptual_hash: str | None) -> Score:
    """The score of what was measured, without uniqueness. `channels` are the means of red, green, blue, 0-255."""
    raw = {name: round(value, DECIMALS) for name, value in measured.items()}
    detail = measured["detail"]
    red, green, blue = (round(mean / WHITE, DECIMALS) for mean in channels)
    score = Score(
        scorer_version=SCORER_VERSION,
        sharpness=round(detail / (detail + HALF_SHARP), DECIMALS),
        brightness=round(measured["luma_mean"] / WHITE, DECIMALS),
        contrast=round(measured["luma_deviation"] / MAX_DEVIATION, DECIMALS),
        uniqueness=None,
        red_avg=red,
        green_avg=green,
        blue_avg=blue,
        overall_quality=0,
        perceptual_hash=None if _is_uniform(raw) else perceptual_hash,
        issues=(),
        suitability=suitability(raw),
        raw=raw,
    )
    return with_uniqueness(score, None)


def with_uniqueness(score: Score, uniqueness: float | None) -> Score:
    """The score with its uniqueness, and with what hangs on it: overall_quality and the issues.

    None when nothing is known, and always for an image without a hash: it is nobody's duplicate.
    """
    known = round(uniqueness, DECIMALS) if uniqueness is not None and score.is_hashable else None
    joined = replace(score, uniqueness=known)
    values = _values(joined)
    return replace(joined, overall_quality=overall_quality(values), issues=find_issues(values))


def uniqueness_of(distance: int | None) -> float:
    """min(1, d / 16), d the Hamming distance in bits to the nearest earlier image; 1 when there is none (None)."""
    return 1.0 if distance is None else round(min(1.0, distance / UNIQUE_DISTANCE), DECIMALS)


def read_score(stored: Mapping[str, Any]) -> Score | None:
    """The Score whose `asdict` was stored; what is absent is None and what was added is passed over.

    None for another scorer's values: the tables here do not explain those.
    """
    if stored.get("scorer_version") != SCORER_VERSION:
        return None
    suited = stored["suitability"]
    return Score(
        **{name: float(stored[name]) for name in STORED_NUMBERS},
        scorer_version=SCORER_VERSION,
        uniqueness=None if (known := stored.get("uniqueness")) is None else float(known),
        perceptual_hash=stored.get("perceptual_hash"),
        issues=tuple(stored["issues"]),
        suitability=Suitability(float(suited["score"]), suited["category"], _floats(suited["parts"])),
        raw=_floats(stored["raw"]),
    )


def explain(score: Score) -> Explanation:
    """Each part of overall_quality, each check, and each part of the suitability."""
    values = _values(score)
    return Explanation(
        scorer_version=score.scorer_version,
        parts=_parts(WEIGHTS, values),
        checks=_checks(values),
        suitability=_parts(((metric, weight, good) for _, metric, weight, good in SUITABILITY), values),
    )


def overall_quality(values: Values) -> float:
    """The weighted mean of the parts that are there. A metric that is absent or None is left out, weight and all."""
    known = [part for part in _parts(WEIGHTS, values) if part.goodness is not None]
    total = sum(part.weight for part in known)
    return round(sum(part.weight * (part.goodness or 0) for part in known) / total, DECIMALS) if total else 0.0


def find_issues(values: Values) -> tuple[str, ...]:
    """The names of the issues whose threshold is passed, in the table's order. What is absent raises none."""
    return tuple(check.issue for check in _checks(values) if check.is_raised)


def suitability(values: Values) -> Suitability:
    """Points of 100 for annotation work; what is absent gets none."""
    parts = {
        part: round(weight * good(value), 1) if (value := values.get(metric)) is not None else 0.0
        for part, metric, weight, good in SUITABILITY
    }
    total = round(sum(parts.values()), 1)
    return Suitability(total, next(name for name, least in CATEGORIES if total >= least), parts)


def _parts(table: Any, values: Values) -> tuple[Part, ...]:
    rows: list[Part] = []
    for metric, weight, good in table:
        value = values.get(metric)
        rows.append(Part(metric, value, None if value is None else round(good(value), DECIMALS), weight))
    return tuple(rows)


def _checks(values: Values) -> tuple[Check, ...]:
    rows: list[Check] = []
    for issue, metric, bound, limit in ISSUES:
        value = values.get(metric)
        rows.append(Check(issue, metric, value, bound, limit, value is not None and PASSES[bound](value, limit)))
    return tuple(rows)


def _values(score: Score) -> dict[str, float | None]:
    metrics = {name: getattr(score, name) for name in (*STORED_NUMBERS, "uniqueness")}
    return {**score.raw, **metrics}


def _is_uniform(raw: Values) -> bool:
    return "uniform" in find_issues(raw)


def _floats(numbers: Mapping[str, Any]) -> dict[str, float]:
    return {name: float(number) for name, number in numbers.items()}


def _as_it_is(value: float) -> float:
    return value


def _rising(start: float, end: float) -> Goodness:
    """0 up to start, 1 from end upwards, a straight line in between."""
    return lambda value: min(1.0, max(0.0, (value - start) / (end - start)))


def _within(black: float, low: float, high: float, white: float) -> Goodness:
    """1 from low to high, falling in straight lines to 0 at black and at white."""
    return lambda value: max(0.0, min(1.0, (value - black) / (low - black), (white - value) / (white - high)))


def _share_of_one(count: float) -> float:
    return 1 / count if count >= 1 else 0.0


STORED_NUMBERS = ("sharpness", "brightness", "contrast", "red_avg", "green_avg", "blue_avg", "overall_quality")

# metric, weight, how good a value is (0-1)
WEIGHTS: tuple[tuple[str, float, Goodness], ...] = (
    ("sharpness", 0.35, _as_it_is),
    ("brightness", 0.20, _within(0, *GOOD_BRIGHTNESS, 1)),
    ("contrast", 0.20, _rising(0, FULL_CONTRAST)),
    ("uniqueness", 0.25, _as_it_is),
)

# issue, value it looks at, on which side of the threshold it is raised, threshold
ISSUES: tuple[tuple[str, str, str, float], ...] = (
    ("blur", "detail", "below", 100),
    ("low_brightness", "brightness", "below", 0.2),
    ("high_brightness", "brightness", "above", 0.8),
    ("low_contrast", "contrast", "below", 0.15),
    ("low_resolution", "short_edge", "below", 400),
    ("odd_aspect_ratio", "aspect_ratio", "above", 3),
    ("near_duplicate", "uniqueness", "below", FLAGGED_BELOW / UNIQUE_DISTANCE),
    ("uniform", "luma_deviation", "below", 2),
)
PASSES: dict[str, Callable[[float, float], bool]] = {"below": operator.lt, "above": operator.gt}

# part, value it looks at, points, how much of them a value gets (0-1)
SUITABILITY: tuple[tuple[str, str, float, Goodness], ...] = (
    ("subject_size", "subject_share", 25, _within(0, 0.15, 0.80, 1)),
    ("positioning", "subject_visible", 20, _rising(0.6, 1)),
    ("resolution", "pixels", 20, _rising(0, 120_000)),
    ("contrast", "luma_mean", 15, _within(0, 40, 220, WHITE)),
    ("single_subject", "subject_count", 20, _share_of_one),
)
CATEGORIES = (("high", 80.0), ("medium", 60.0), ("low", 0.0))
