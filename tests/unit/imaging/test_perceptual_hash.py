import imagehash
import pytest
from PIL import Image

from shared.domain.imaging.perceptual_hash import perceptual_hash
from tests.unit.imaging.drawn import blobs, noise, solid


def _hash(image):
    return perceptual_hash(image.convert("L"))


def _distance(first, second):
    return (int(_hash(first), 16) ^ int(_hash(second), 16)).bit_count()


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("draw", [blobs, noise])
def test_bits_are_those_of_imagehash(draw, seed):
    image = draw(120, 90, seed)

    assert _hash(image) == str(imagehash.phash(image))


@pytest.mark.parametrize("level", [1, 77, 255])
def test_flat_images_share_one_hash(level):
    assert _hash(solid(color=(level, level, level))) == "8000000000000000"


def test_smaller_copy_has_nearly_the_same_hash():
    assert _distance(blobs(), blobs().resize((320, 240), Image.Resampling.LANCZOS)) <= 4


def test_other_image_has_another_hash():
    assert _distance(blobs(seed=1), blobs(seed=2)) > 12
