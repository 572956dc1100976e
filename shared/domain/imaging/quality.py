"""The quality scores of one image. A metric is a line in `measure`; weights and thresholds are the two tables."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from shared.domain.imaging.laplacian import laplacian_variance
from shared.domain.imaging.perceptual_hash import perceptual_hash
from shared.domain.scorer import SCORER_VERSION

# Raise it when a formula, a weight or a threshold changes: a backfill brings every asset to this version.
DECIMALS = 4

WHITE = 255
# Half black, half white: the largest standard deviation that 8-bit luma can have.
MAX_DEVIATION = WHITE / 2
# A Laplacian variance of this much is half sharp. Photos in focus reach 300 to 3000 at the working size.
HALF_SHARP = 300
GOOD_BRIGHTNESS = (0.3, 0.7)
FULL_CONTRAST = 0.5

Measures = Mapping[str, float | None]


@dataclass(frozen=True)
class Score:
    """All quality values of an image, 0-1 unless said otherwise, rounded to 4 decimals.

    sharpness: v / (v + 300), v the Laplacian variance. 0 flat or blurred away, 0.25 just in focus, 1 noise.
    brightness: mean luma / 255. 0 black, 1 white, 0.3-0.7 is the good range.
    contrast: standard deviation of luma / 127.5 (RMS contrast, Peli 1990). 0 flat, 1 half black and half white.
    red_avg, green_avg, blue_avg: mean of the channel / 255.
    overall_quality: weighted mean of WEIGHTS. 0 worst, 1 best.
    perceptual_hash: 16 hex characters. issues: names from ISSUES. raw: what was measured, in its own unit.

    Luma is ITU-R BT.601's 0.299 R + 0.587 G + 0.114 B, in 8 bits.
    """

    scorer_version: int
    sharpness: float
    brightness: float
    contrast: float
    red_avg: float
    green_avg: float
    blue_avg: float
    overall_quality: float
    perceptual_hash: str
    issues: tuple[str, ...]
    raw: dict[str, float]


def score(pixels: NDArray[np.uint8], *, width: int, height: int) -> Score:
    """Score (height, width, 3) uint8 sRGB at the working size. `width` and `height` are the original's, upright."""
    image = Image.fromarray(pixels)
    luma = image.convert("L")
    metrics, raw = measure(image, luma, width=width, height=height)
    return Score(
        scorer_version=SCORER_VERSION,
        **metrics,
        overall_quality=overall_quality(metrics),
        perceptual_hash=perceptual_hash(luma),
        issues=find_issues({**raw, **metrics}),
        raw=raw,
    )


def measure(
    image: Image.Image, luma: Image.Image, *, width: int, height: int
) -> tuple[dict[str, float], dict[str, float]]:
    """The metrics (0-1) and the raw values they come from."""
    mean, deviation = _mean_and_deviation(luma.histogram())
    variance = laplacian_variance(np.asarray(luma))
    channels = image.histogram()
    red, green, blue = (_mean_and_deviation(channels[at : at + 256])[0] for at in (0, 256, 512))
    metrics = {
        "sharpness": variance / (variance + HALF_SHARP),
        "brightness": mean / WHITE,
        "contrast": deviation / MAX_DEVIATION,
        "red_avg": red / WHITE,
        "green_avg": green / WHITE,
        "blue_avg": blue / WHITE,
    }
    raw = {
        "laplacian_variance": variance,
        "luma_mean": mean,
        "luma_deviation": deviation,
        "short_edge": min(width, height),
        "aspect_ratio": max(width, height) / min(width, height),
    }
    return _rounded(metrics), _rounded(raw)


def overall_quality(metrics: Measures) -> float:
    """The weighted mean of the parts that are there. A metric that is absent or None is left out, weight and all."""
    known = [(metrics.get(name), weight, goodness) for name, weight, goodness in WEIGHTS]
    parts = [(weight, goodness(value)) for value, weight, goodness in known if value is not None]
    total = sum(weight for weight, _ in parts)
    return round(sum(weight * part for weight, part in parts) / total, DECIMALS) if total else 0.0


def find_issues(values: Measures) -> tuple[str, ...]:
    """The names of the issues whose threshold is passed, in the table's order."""
    return tuple(
        issue
        for issue, name, passes, threshold in ISSUES
        if (value := values.get(name)) is not None and passes(value, threshold)
    )


def _as_it_is(value: float) -> float:
    return value


def _brightness_goodness(value: float) -> float:
    """1 inside the good range, falling in a straight line to 0 at black and at white."""
    low, high = GOOD_BRIGHTNESS
    return min(1.0, value / low, (1 - value) / (1 - high))


def _contrast_goodness(value: float) -> float:
    """1 from the contrast of a full-range photo upwards."""
    return min(1.0, value / FULL_CONTRAST)


# metric, weight, how good a value is (0-1)
WEIGHTS: tuple[tuple[str, float, Callable[[float], float]], ...] = (
    ("sharpness", 0.35, _as_it_is),
    ("brightness", 0.20, _brightness_goodness),
    ("contrast", 0.20, _contrast_goodness),
    ("uniqueness", 0.25, _as_it_is),
)

# issue, value it looks at, comparison, threshold
ISSUES: tuple[tuple[str, str, Callable[[float, float], bool], float], ...] = (
    ("blur", "laplacian_variance", operator.lt, 100),
    ("low_brightness", "brightness", operator.lt, 0.2),
    ("high_brightness", "brightness", operator.gt, 0.8),
    ("low_contrast", "contrast", operator.lt, 0.15),
    ("low_resolution", "short_edge", operator.lt, 400),
    ("odd_aspect_ratio", "aspect_ratio", operator.gt, 3),
    ("uniform", "luma_deviation", operator.lt, 2),
)


def _mean_and_deviation(histogram: list[int]) -> tuple[float, float]:
    """Mean and standard deviation of 256 counts, exact: whole numbers up to the last step."""
    counts = np.array(histogram, dtype=np.int64)
    levels = np.arange(len(counts))
    count, total, squares = int(counts.sum()), int(counts @ levels), int(counts @ levels**2)
    return total / count, math.sqrt(count * squares - total**2) / count


def _rounded(values: dict[str, float]) -> dict[str, float]:
    return {name: round(value, DECIMALS) for name, value in values.items()}
