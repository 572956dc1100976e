import math
from dataclasses import asdict

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageFilter

from shared.domain.imaging.laplacian import laplacian_variance
from shared.domain.imaging.pixels import read_pixels
from shared.domain.imaging.quality import ISSUES, WEIGHTS, find_issues, overall_quality, score
from tests.unit.imaging.drawn import blobs, checker, encode, gradient, noise, solid


def _score(image, width=1000, height=1000):
    return score(np.asarray(image), width=width, height=height)


@settings(max_examples=50, deadline=None)
@given(st.integers(1, 40), st.integers(1, 40), st.integers(0, 9))
def test_every_value_is_finite_and_between_0_and_1(width, height, seed):
    values = asdict(_score(noise(width, height, seed), width, height))

    parts = ["sharpness", "brightness", "contrast", "red_avg", "green_avg", "blue_avg", "overall_quality"]
    assert all(0 <= values[part] <= 1 and round(values[part], 4) == values[part] for part in parts)
    assert all(math.isfinite(value) for value in values["raw"].values())


@pytest.mark.parametrize(("level", "expected"), [(0, 0), (51, 0.2), (255, 1)])
def test_brightness_is_the_mean_luma(level, expected):
    assert _score(solid(color=(level, level, level))).brightness == expected


def test_contrast_of_half_black_and_half_white_is_1():
    assert _score(checker()).contrast == 1


def test_contrast_of_a_full_gradient_is_that_of_even_levels():
    assert _score(gradient()).contrast == pytest.approx(math.sqrt((256**2 - 1) / 12) / 127.5, abs=1e-3)


def test_channel_means_are_those_of_the_channels():
    values = _score(solid(color=(255, 51, 0)))

    assert (values.red_avg, values.green_avg, values.blue_avg) == (1, 0.2, 0)


@pytest.mark.parametrize("radius", [1, 2, 4])
def test_sharpness_falls_as_the_image_blurs(radius):
    sharper = blobs().filter(ImageFilter.GaussianBlur(radius / 2))
    softer = blobs().filter(ImageFilter.GaussianBlur(radius))

    assert _score(softer).sharpness < _score(sharper).sharpness < _score(blobs()).sharpness


@pytest.mark.parametrize("width", [1600, 3200])
def test_sharpness_does_not_depend_on_the_size_of_the_original(width):
    scene = checker(3200, 2400, square=100)
    same = scene.resize((width, width * 3 // 4), Image.Resampling.LANCZOS)

    full, smaller = (_score(Image.fromarray(read_pixels(encode(each, "PNG")))).sharpness for each in (scene, same))

    assert smaller == pytest.approx(full, rel=0.05)


@pytest.mark.parametrize("size", [(1, 1), (1, 9), (9, 1), (40, 33), (200, 131)])
def test_laplacian_is_that_of_its_definition(size):
    luma = np.asarray(noise(*size).convert("L"))
    exact = luma.astype(float)
    padded = np.pad(exact, 1, mode="reflect")
    neighbours = padded[:-2, 1:-1] + padded[2:, 1:-1] + padded[1:-1, :-2] + padded[1:-1, 2:]

    assert laplacian_variance(luma) == pytest.approx((neighbours - 4 * exact).var(), rel=1e-6)


@pytest.mark.parametrize("level", [0, 128, 255])
def test_flat_image_is_uniform_with_finite_scores(level):
    values = _score(solid(color=(level, level, level)))

    assert "uniform" in values.issues
    assert (values.sharpness, values.contrast) == (0, 0)
    assert math.isfinite(values.overall_quality)


@pytest.mark.parametrize(
    ("image", "size", "issue"),
    [
        (blobs().filter(ImageFilter.GaussianBlur(6)), (1000, 1000), "blur"),
        (blobs().point(lambda level: level // 6), (1000, 1000), "low_brightness"),
        (blobs().point(lambda level: 255 - level // 6), (1000, 1000), "high_brightness"),
        (blobs().point(lambda level: 120 + level // 16), (1000, 1000), "low_contrast"),
        (blobs(), (399, 1000), "low_resolution"),
        (blobs(), (3100, 1000), "odd_aspect_ratio"),
        (blobs(), (1000, 3100), "odd_aspect_ratio"),
        (solid(), (1000, 1000), "uniform"),
    ],
)
def test_issue_is_named(image, size, issue):
    assert issue in _score(image, *size).issues


def test_good_picture_has_no_issue():
    assert _score(blobs()).issues == ()


def test_every_issue_of_the_table_can_be_found_alone():
    for name, value, passes, threshold in ISSUES:
        found = find_issues({value: threshold - 0.01}) + find_issues({value: threshold + 0.01})

        assert name in found
        assert passes(threshold, threshold) is False


@pytest.mark.parametrize(("brightness", "expected"), [(0, 0), (0.15, 0.5), (0.3, 1), (0.5, 1), (0.7, 1), (1, 0)])
def test_brightness_is_good_between_0_3_and_0_7(brightness, expected):
    assert overall_quality({"brightness": brightness}) == pytest.approx(expected)


def test_missing_metric_is_left_out_of_the_mean():
    known = {"sharpness": 0.5, "brightness": 0.5, "contrast": 0.5}

    assert overall_quality({**known, "uniqueness": None}) == overall_quality(known)
    assert (
        overall_quality({**known, "uniqueness": 1.0})
        > overall_quality(known)
        > overall_quality({**known, "uniqueness": 0.0})
    )
    assert overall_quality({}) == 0


def test_weights_add_up_to_one():
    assert sum(weight for _, weight, _ in WEIGHTS) == pytest.approx(1)
