import imagehash
import numpy as np
import pytest
from PIL import Image

from shared.domain.imaging.perceptual_hash import perceptual_hash, shrink
from tests.unit.imaging.drawn import blobs, noise, solid
from tests.unit.imaging.photos import NAMES, photo


def _hash(image):
    return perceptual_hash(image.convert("L"))


def _distance(first, second):
    return (int(_hash(first), 16) ^ int(_hash(second), 16)).bit_count()


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("draw", [blobs, noise])
def test_bits_are_those_of_imagehash(draw, seed):
    image = draw(120, 90, seed)

    assert _hash(image) == str(imagehash.phash(image))


@pytest.mark.parametrize("name", NAMES)
def test_bits_of_a_photo_at_the_working_size_are_those_of_imagehash(name):
    image = photo(name, 512)

    assert _hash(image) == str(imagehash.phash(image))


# the last four go through Pillow: narrow, wide, low, tall
SIZES = [(512, 512), (512, 341), (341, 511), (384, 512), (512, 33), (300, 450), (256, 200), (640, 900)]
OTHER_SIZES = [(255, 300), (641, 300), (512, 31), (300, 451)]


@pytest.mark.parametrize("size", [*SIZES, *OTHER_SIZES])
def test_shrunk_levels_are_pillows_to_the_bit(size):
    for seed in range(4):
        steep = noise(*size, seed).convert("L").point(lambda level: 255 * (level > 128))

        expected = np.asarray(steep.resize((32, 32), Image.Resampling.LANCZOS))

        assert np.array_equal(shrink(steep), expected)


@pytest.mark.parametrize("level", [1, 77, 255])
def test_flat_images_share_one_hash(level):
    assert _hash(solid(color=(level, level, level))) == "8000000000000000"


def test_smaller_copy_has_nearly_the_same_hash():
    assert _distance(blobs(), blobs().resize((320, 240), Image.Resampling.LANCZOS)) <= 4


def test_other_image_has_another_hash():
    assert _distance(blobs(seed=1), blobs(seed=2)) > 12
