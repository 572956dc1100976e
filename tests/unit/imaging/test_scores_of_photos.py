"""Scores of one photo agree across sizes and containers, and fall as it is made worse. See docs/scores.md."""

from functools import cache

import numpy as np
import pytest
import pyvips
from PIL import Image, ImageFilter

from shared.domain.imaging.pixels import read_pixels
from shared.domain.imaging.quality import score
from tests.unit.imaging.drawn import encode, oriented
from tests.unit.imaging.photos import NAMES, photo, resized

SIX = ("astronaut.png", "brick.png", "chelsea.png", "coffee.png", "hubble_deep_field.jpg", "retina.jpg")
MEANS = ("brightness", "contrast", "red_avg", "green_avg", "blue_avg")
TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}


def _vips(image):
    return pyvips.Image.new_from_array(np.asarray(image)).copy(interpretation="srgb")


def _sixteen(image):
    return (_vips(image) * 257).cast("ushort").copy(interpretation="rgb16")


CONTAINERS = {
    "jpeg": lambda image: encode(image, "JPEG", quality=90),
    "progressive jpeg": lambda image: encode(image, "JPEG", quality=90, progressive=True),
    "webp": lambda image: encode(image, "WEBP", quality=85, method=0),
    "palette png": lambda image: encode(image.quantize(256), "PNG", compress_level=1),
    "16-bit png": lambda image: _sixteen(image).pngsave_buffer(bitdepth=16, compression=1),
    "16-bit tiff": lambda image: _sixteen(image).tiffsave_buffer(),
    "opaque alpha": lambda image: encode(image.convert("RGBA"), "PNG", compress_level=1),
}


def _score(data, image):
    return score(read_pixels(data), width=image.width, height=image.height)


@cache
def _plain(name, edge=1200):
    image = photo(name, edge)
    return _score(encode(image, "TIFF"), image)


def _assert_same(first, second, *, sharpness=0.03, means=0.005, overall=0.015, bits=4, suited=20):
    assert first.sharpness == pytest.approx(second.sharpness, abs=sharpness)
    assert [getattr(first, m) for m in MEANS] == pytest.approx([getattr(second, m) for m in MEANS], abs=means)
    assert first.overall_quality == pytest.approx(second.overall_quality, abs=overall)
    assert first.suitability.score == pytest.approx(second.suitability.score, abs=suited)
    assert (int(first.perceptual_hash, 16) ^ int(second.perceptual_hash, 16)).bit_count() <= bits


@pytest.mark.parametrize("edge", [1024, 800, 600, 512])
@pytest.mark.parametrize("name", NAMES)
def test_smaller_copy_has_the_same_scores(name, edge):
    small = resized(photo(name, 1200), edge)

    _assert_same(_score(encode(small, "TIFF"), small), _plain(name))


@pytest.mark.parametrize(("edge", "sharpness"), [(450, 0.08), (400, 0.12), (300, 0.25), (256, 0.3)])
@pytest.mark.parametrize("name", NAMES)
def test_copy_below_the_working_size_is_near(name, edge, sharpness):
    small = resized(photo(name, 1200), edge)

    _assert_same(
        _score(encode(small, "TIFF"), small), _plain(name), sharpness=sharpness, means=0.03, overall=0.15, suited=30
    )


@pytest.mark.parametrize("container", CONTAINERS)
@pytest.mark.parametrize("name", SIX)
def test_container_does_not_change_the_scores(name, container):
    image = photo(name, 1200)

    _assert_same(_score(CONTAINERS[container](image), image), _plain(name))


@pytest.mark.parametrize("orientation", TURNS)
def test_orientation_does_not_change_the_scores(orientation):
    image = photo("coffee.png", 1200)
    data = encode(image.transpose(TURNS[orientation]), "JPEG", quality=95, exif=oriented(orientation))

    _assert_same(_score(data, image), _plain("coffee.png"))


def test_24_megapixel_jpeg_and_12_megapixel_png_have_the_scores_of_the_small_copy():
    jpeg, png = photo("coffee.png", 6000), photo("coffee.png", 4000)

    _assert_same(_score(encode(jpeg, "JPEG", quality=90), jpeg), _plain("coffee.png", 800))
    _assert_same(_score(encode(png, "PNG", compress_level=1), png), _plain("coffee.png", 800))


@pytest.mark.parametrize("name", SIX)
def test_grey_jpeg_has_the_scores_of_the_grey_photo(name):
    grey = photo(name, 1200).convert("L")

    plain = _score(encode(grey, "TIFF"), grey)

    _assert_same(_score(encode(grey, "JPEG", quality=90), grey), plain)
    _assert_same(_score(encode(grey.convert("RGB"), "TIFF"), grey), plain, sharpness=0.001, means=0.001, overall=0.001)


@pytest.mark.parametrize("name", SIX)
def test_cmyk_jpeg_is_as_near_as_ink_allows(name):
    image = photo(name, 1200)
    data = _vips(image).icc_transform("cmyk", input_profile="srgb").jpegsave_buffer(Q=90)

    _assert_same(_score(data, image), _plain(name), sharpness=0.1, means=0.12, overall=0.12, suited=30)


@pytest.mark.parametrize("name", SIX)
def test_more_blur_never_raises_sharpness(name):
    image = photo(name, 800)
    blurred = [image.filter(ImageFilter.GaussianBlur(sigma)) for sigma in (0.5, 1, 2, 4, 8, 16, 32)]

    ladder = [_score(encode(each, "TIFF"), each) for each in (image, *blurred)]

    sharpness = [step.sharpness for step in ladder]
    assert sharpness == sorted(sharpness, reverse=True)
    assert "blur" in ladder[4].issues


@pytest.mark.parametrize("name", SIX)
def test_darker_never_raises_brightness(name):
    image = photo(name, 800)
    darker = [image.point(lambda level, part=part: int(level * part)) for part in (0.9, 0.75, 0.6, 0.4, 0.2, 0.1)]

    ladder = [_score(encode(each, "TIFF"), each) for each in (image, *darker)]

    brightness = [step.brightness for step in ladder]
    assert brightness == sorted(brightness, reverse=True)
    assert "low_brightness" in ladder[-1].issues


@pytest.mark.parametrize("edge", [800, 512])
@pytest.mark.parametrize("name", SIX)
def test_lower_jpeg_quality_hardly_raises_overall_quality(name, edge):
    image = photo(name, edge)

    ladder = [
        _score(encode(image, "JPEG", quality=quality), image).overall_quality
        for quality in (95, 85, 75, 60, 45, 30, 20, 10, 5)
    ]

    gains = [later - min(ladder[: i + 1]) for i, later in enumerate(ladder[1:])]
    assert max(gains[:-1]) <= 0.04
    assert gains[-1] <= 0.07
