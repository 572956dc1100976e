import numpy as np
import pytest
from PIL import Image

from shared.domain.imaging.pixels import Decoded, read_pixels, read_pixels_at
from shared.errors import UnreadableImage
from tests.unit.imaging.drawn import SAMPLES, cornered, encode, noise, oriented, solid


def test_pixels_are_height_width_and_three_channels_of_bytes():
    pixels = read_pixels(encode(solid(2000, 1000)))

    assert pixels.shape == (256, 512, 3)
    assert pixels.dtype == np.uint8


def test_small_image_is_not_upscaled():
    assert np.array_equal(read_pixels(encode(noise(), "PNG")), np.asarray(noise()))


def test_longest_edge_is_the_callers_choice():
    assert read_pixels(encode(solid(100, 400)), longest_edge=200).shape == (200, 50, 3)


def test_pixels_are_upright():
    pixels = read_pixels(encode(cornered(), "JPEG", exif=oriented(6)))

    assert pixels.shape == (60, 40, 3)
    assert pixels[5, 35, 2] > 150  # the blue quarter, turned to the top right


@pytest.mark.parametrize(
    "image",
    [
        Image.new("L", (8, 8), 100),
        Image.fromarray(np.full((8, 8), 100 * 257, dtype=np.uint16)),
        Image.new("RGB", (8, 8), (100, 100, 100)),
    ],
    ids=["8-bit grey", "16-bit grey", "colour"],
)
def test_grey_has_the_same_pixels_in_every_depth(image):
    assert np.abs(read_pixels(encode(image, "PNG")).astype(int) - 100).max() <= 1


@pytest.mark.parametrize("alpha", [0, 128, 255])
def test_alpha_is_flattened_on_white(alpha):
    pixels = read_pixels(encode(solid(color=(0, 0, 0, alpha)), "PNG"))

    assert pixels.shape == (40, 60, 3)
    assert np.abs(pixels.astype(int) - (255 - alpha)).max() <= 1


@pytest.mark.parametrize("name", SAMPLES)
def test_every_kind_of_file_is_read(name):
    assert sorted(read_pixels(SAMPLES[name]).shape) == [3, 32, 48]


def test_truncated_file_is_unreadable():
    with pytest.raises(UnreadableImage):
        read_pixels(SAMPLES["jpeg"][:600])


@pytest.mark.parametrize("name", SAMPLES)
def test_image_that_is_held_decoded_has_the_same_pixels_at_every_size(name):
    decoded = Decoded(SAMPLES[name])

    for size in [(3, 2), (6, 4), (5, 9), (12, 8), (48, 32), (3, 2)]:
        assert np.array_equal(decoded.pixels_at(*size), read_pixels_at(SAMPLES[name], *size))


@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP"])
def test_image_that_is_held_decoded_is_upright(format):
    turned = encode(cornered(), format, exif=oriented(6))

    assert np.array_equal(Decoded(turned).pixels_at(20, 30), read_pixels_at(turned, 20, 30))


def test_image_that_could_not_be_decoded_is_unreadable_the_next_time_as_well():
    decoded = Decoded(SAMPLES["png"][:-60])

    for _ in range(2):
        with pytest.raises(UnreadableImage):
            decoded.pixels_at(3, 2)
