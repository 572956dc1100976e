"""PSNR, SSIM and identity, against scikit-image and against what must be so."""

import math
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from skimage.metrics import structural_similarity

from shared.domain.imaging.compare import (
    COMPARED_EDGE,
    Alignment,
    Comparison,
    Picture,
    alignment,
    common_size,
    compare,
    luma_of,
    psnr,
    ssim,
)
from tests.pictures import encoded, photo
from tests.unit.imaging import photos

ORIENTATION = 0x0112


def compared(ours: bytes, theirs: bytes) -> Comparison:
    return compare(Picture(ours), Picture(theirs))


@cache
def real(name: str = "chelsea.png") -> Image.Image:
    return photos.photo(name, 400)


@pytest.mark.parametrize("name", ["chelsea.png", "coffee.png", "rocket.jpg", "grass.png", "moon.png"])
@pytest.mark.parametrize("quality", [10, 80])
def test_ssim_is_that_of_scikit_image(name: str, quality: int) -> None:
    picture = Picture(encoded(real(name), "PNG"))
    copy = Picture(encoded(real(name), "JPEG", quality=quality))
    a, b = luma_of(picture.pixels_at(picture.size)), luma_of(copy.pixels_at(copy.size))

    theirs = structural_similarity(a, b, data_range=255, gaussian_weights=True, sigma=1.5, use_sample_covariance=False)

    assert ssim(a, b) == pytest.approx(theirs, abs=1e-3)


@pytest.mark.parametrize(("difference", "expected"), [(1, 48.1308), (5, 34.1514), (255, 0.0)])
def test_psnr_of_a_known_difference(difference: int, expected: float) -> None:
    assert psnr(difference**2) == pytest.approx(expected, abs=1e-4)


@pytest.mark.parametrize(
    ("psnr_db", "word"), [(29.994, "lower"), (29.997, "good"), (40.001, "good"), (40.006, "excellent")]
)
def test_word_goes_with_the_number_that_is_told(psnr_db: float, word: str) -> None:
    found = compared(encoded(real("chelsea.png"), "PNG"), encoded(real("chelsea.png"), "JPEG"))

    assert replace(found, psnr_db=psnr_db).quality == word


def test_grey_pictures_a_level_apart_have_48_db() -> None:
    ours, theirs = (encoded(Image.new("RGB", (40, 40), (level,) * 3), "PNG") for level in (100, 101))

    found = compared(ours, theirs)

    assert found.psnr_db == pytest.approx(48.1308, abs=1e-4)
    assert (found.quality, found.likeness, found.is_identical) == ("excellent", None, False)


def test_equal_bytes_are_identical() -> None:
    found = compared(photo(), photo())

    assert (found.is_identical, found.psnr_db, found.ssim, found.hash_distance) == (True, None, 1.0, 0)


@pytest.mark.parametrize("format", ["PNG", "TIFF", "WEBP"])
def test_equal_pixels_in_another_format_are_identical(format: str) -> None:
    copy = encoded(real(), format, **({"lossless": True} if format == "WEBP" else {}))

    found = compared(encoded(real(), "PNG", compress_level=1), copy)

    assert (found.is_identical, found.psnr_db, found.ssim) == (True, None, 1.0)


@pytest.mark.parametrize(("orientation", "turn"), [(3, 180), (6, 90), (8, 270)])
def test_picture_that_exif_turns_upright_is_identical_to_the_upright_one(orientation: int, turn: int) -> None:
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    lying = encoded(real().rotate(turn, expand=True), "PNG", exif=exif)

    found = compared(encoded(real(), "PNG"), lying)

    assert (found.is_identical, found.alignment) == (True, Alignment.SAME_SIZE)


def test_one_pixel_of_a_picture_above_the_compared_size_is_not_overlooked() -> None:
    large = Image.new("RGB", (COMPARED_EDGE * 2, 64), "grey")
    marked = large.copy()
    marked.putpixel((7, 7), (129, 128, 128))

    found = compared(encoded(large, "PNG"), encoded(marked, "PNG"))
    same = compared(encoded(large, "PNG"), encoded(large, "TIFF"))

    assert (found.is_identical, same.is_identical) == (False, True)
    assert (found.width, found.alignment) == (COMPARED_EDGE, Alignment.SAME_SIZE)


def test_picture_held_decoded_compares_as_any_other() -> None:
    ours = [encoded(photos.resized(real(), edge), "JPEG") for edge in (50, 100, 400)]
    ours.append(encoded(real(), "PNG", compress_level=1))
    held = Picture(encoded(real(), "TIFF"))
    held.keep_decoded()

    found = [compare(Picture(data), held) for data in (*ours, *ours)]

    assert found == [compared(data, held.data) for data in (*ours, *ours)]
    assert found[3].is_identical


def test_smaller_copy_is_scaled_and_alike() -> None:
    found = compared(encoded(real(), "PNG"), encoded(photos.resized(real(), 200), "PNG"))

    assert (found.alignment, found.is_identical) == (Alignment.SCALED, False)
    assert found.psnr_db is not None
    assert found.psnr_db > 30
    assert found.likeness in {"identical", "very similar"}


def test_another_shape_is_stretched_and_says_so() -> None:
    found = compared(photo(1, 320, 240), photo(1, 240, 320))

    assert found.alignment is Alignment.STRETCHED


def test_different_pictures_are_different() -> None:
    found = compared(encoded(real(), "PNG"), encoded(real("rocket.jpg"), "PNG"))

    assert (found.quality, found.likeness) == ("lower", "different")


def test_what_is_translucent_is_seen_on_white() -> None:
    clear = encoded(Image.new("RGBA", (40, 40), (0, 0, 0, 0)), "PNG")
    white = encoded(Image.new("RGB", (40, 40), "white"), "PNG")

    assert compared(clear, white).is_identical


def test_picture_smaller_than_the_window_has_no_ssim() -> None:
    ours, theirs = (encoded(Image.new("RGB", (10, 40), color), "PNG") for color in ("red", "blue"))

    assert compared(ours, theirs).ssim is None


sizes = st.tuples(st.integers(1, 40), st.integers(1, 40))


@settings(max_examples=40, deadline=None)
@given(sizes, sizes, st.integers(0, 2**32 - 1), st.booleans())
def test_no_value_is_ever_infinite_or_nan(
    ours: tuple[int, int], theirs: tuple[int, int], seed: int, flat: bool
) -> None:
    random = np.random.default_rng(seed)
    drawn = [random.integers(0, 1 if flat else 256, (*size[::-1], 3), dtype=np.uint8) for size in (ours, theirs)]

    found = compared(*(encoded(Image.fromarray(pixels), "PNG") for pixels in drawn))

    assert all(math.isfinite(value) for value in (found.psnr_db, found.ssim) if value is not None)
    assert found.is_identical == (drawn[0].shape == drawn[1].shape and bool((drawn[0] == drawn[1]).all()))


@given(st.tuples(st.integers(1, 30_000), st.integers(1, 30_000)), st.integers(1, 12))
def test_copy_at_a_fraction_of_the_size_is_never_called_stretched(size: tuple[int, int], n: int) -> None:
    smaller = max(1, round(size[0] / n)), max(1, round(size[1] / n))

    assert alignment(size, smaller) is not Alignment.STRETCHED or min(smaller) < 2
    assert max(common_size(size, smaller)) <= COMPARED_EDGE
