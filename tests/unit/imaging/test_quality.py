import math
from dataclasses import asdict

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import ImageFilter

from shared.domain.imaging.laplacian import laplacian_variance
from shared.domain.imaging.quality import score
from tests.unit.imaging.drawn import blobs, checker, gradient, noise, solid


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


@pytest.mark.parametrize("size", [(1, 1), (1, 9), (9, 1), (40, 33), (31, 64), (31, 65), (512, 384)])
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
    assert (values.perceptual_hash, values.is_hashable, values.suitability.category) == (None, False, "low")
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
