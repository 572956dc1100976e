import subprocess
import sys
from dataclasses import asdict
from decimal import Decimal

import pytest

from shared.domain.scoring import (
    ISSUES,
    SUITABILITY,
    WEIGHTS,
    explain,
    find_issues,
    judge,
    overall_quality,
    read_score,
    suitability,
    uniqueness_of,
    with_uniqueness,
)

MEASURED = {
    "laplacian_variance": 600.0,
    "detail": 600.0,
    "luma_mean": 127.5,
    "luma_deviation": 51.0,
    "pixels": 12_000_000,
    "short_edge": 3000,
    "aspect_ratio": 1.3333,
    "subject_share": 0.3,
    "subject_visible": 1.0,
    "subject_count": 1,
}
SCORE = judge(MEASURED, (255.0, 51.0, 0.0), "00ff00ff00ff00ff")
FLAT = judge({**MEASURED, "detail": 0.0, "luma_deviation": 1.0}, (9.0, 9.0, 9.0), "8000000000000000")


def test_metrics_are_those_of_their_formulas():
    assert (SCORE.sharpness, SCORE.brightness, SCORE.contrast) == (0.6667, 0.5, 0.4)
    assert (SCORE.red_avg, SCORE.green_avg, SCORE.blue_avg) == (1, 0.2, 0)
    assert SCORE.overall_quality == pytest.approx((0.35 * 0.6667 + 0.2 * 1 + 0.2 * 0.8) / 0.75, abs=1e-4)


@pytest.mark.parametrize(("brightness", "expected"), [(0, 0), (0.15, 0.5), (0.3, 1), (0.5, 1), (0.7, 1), (1, 0)])
def test_brightness_is_good_between_0_3_and_0_7(brightness, expected):
    assert overall_quality({"brightness": brightness}) == pytest.approx(expected)


def test_weights_add_up():
    assert sum(weight for _, weight, _ in WEIGHTS) == pytest.approx(1)
    assert sum(weight for _, _, weight, _ in SUITABILITY) == 100


@pytest.mark.parametrize(("issue", "metric", "bound", "limit"), ISSUES)
def test_issue_is_raised_past_its_limit_and_not_at_it(issue, metric, bound, limit):
    past = limit - 0.01 if bound == "below" else limit + 0.01

    assert find_issues({metric: past}) == (issue,)
    assert find_issues({metric: limit}) == ()
    assert find_issues({}) == ()


def test_uniqueness_moves_overall_quality_and_its_issue_and_nothing_else():
    joined = with_uniqueness(SCORE, 0.25)

    assert joined.uniqueness == 0.25
    assert joined.issues == ("near_duplicate",)
    assert joined.overall_quality == pytest.approx(0.75 * SCORE.overall_quality + 0.25 * 0.25, abs=1e-4)
    assert with_uniqueness(joined, None) == SCORE
    assert with_uniqueness(joined, 1.0) == with_uniqueness(SCORE, 1.0)


def test_uniform_image_has_no_hash_and_is_nobodys_duplicate():
    joined = with_uniqueness(FLAT, 0.0)

    assert (FLAT.perceptual_hash, FLAT.is_hashable) == (None, False)
    assert joined == FLAT
    assert "near_duplicate" not in joined.issues


@pytest.mark.parametrize(("distance", "expected"), [(0, 0), (4, 0.25), (16, 1), (40, 1), (None, 1)])
def test_uniqueness_is_the_distance_over_sixteen(distance, expected):
    assert uniqueness_of(distance) == expected


@pytest.mark.parametrize("score", [SCORE, with_uniqueness(SCORE, 0.25), FLAT])
def test_score_comes_back_from_what_was_stored(score):
    stored = {name: value for name, value in asdict(score).items() if value is not None}

    assert read_score({**stored, "sharpness": Decimal(str(score.sharpness)), "computed_at": "2026"}) == score


def test_another_scorers_values_are_not_explained():
    assert read_score({**asdict(SCORE), "scorer_version": 1}) is None
    assert read_score({}) is None


def test_explanation_gives_the_overall_quality_and_the_issues():
    score = with_uniqueness(SCORE, 0.25)

    explanation = explain(score)

    assert sum(part.weight * part.goodness for part in explanation.parts) == pytest.approx(
        score.overall_quality, abs=1e-3
    )
    assert tuple(check.issue for check in explanation.checks if check.is_raised) == score.issues
    assert [check.issue for check in explanation.checks] == [row[0] for row in ISSUES]
    assert sum(part.weight * part.goodness for part in explanation.suitability) == score.suitability.score
    assert explanation.scorer_version == score.scorer_version


def test_part_that_is_not_known_says_so():
    parts = {part.metric: part for part in explain(SCORE).parts}

    assert (parts["uniqueness"].value, parts["uniqueness"].goodness) == (None, None)


GOOD = {"subject_share": 0.5, "subject_visible": 1, "pixels": 120_000, "luma_mean": 128, "subject_count": 1}


@pytest.mark.parametrize(
    ("change", "lost"),
    [
        ({}, 0),
        ({"subject_share": 0.15}, 0),
        ({"subject_share": 0.8}, 0),
        ({"subject_share": 0.075}, 12.5),
        ({"subject_share": 0.9}, 12.5),
        ({"subject_visible": 0.75}, 12.5),
        ({"subject_visible": 0.6}, 20),
        ({"pixels": 60_000}, 10),
        ({"luma_mean": 40}, 0),
        ({"luma_mean": 220}, 0),
        ({"luma_mean": 20}, 7.5),
        ({"luma_mean": 255}, 15),
        ({"subject_count": 2}, 10),
        ({"subject_count": 0}, 20),
    ],
)
def test_suitability_loses_points_along_its_ramps(change, lost):
    assert suitability({**GOOD, **change}).score == pytest.approx(100 - lost, abs=0.11)


@pytest.mark.parametrize(("share", "category"), [(0.15, "high"), (0.03, "high"), (0.0294, "medium"), (0, "medium")])
def test_category_is_high_from_80_points(share, category):
    assert suitability({**GOOD, "subject_share": share}).category == category


def test_category_is_low_below_60_points():
    assert suitability({**GOOD, "subject_share": 0, "subject_count": 2, "pixels": 60_000}).category == "low"
    assert suitability({**GOOD, "subject_share": 0, "pixels": 90_000, "subject_count": 2}).category == "medium"


def test_tables_are_read_without_numpy():
    code = "import sys, shared.domain.scoring; sys.exit(bool({'numpy', 'PIL'} & set(sys.modules)))"

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
