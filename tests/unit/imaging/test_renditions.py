import numpy as np
import pytest
import pyvips
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageOps

from shared.domain.imaging.renditions import MIN_RATIO, make_renditions, plan
from shared.domain.presets import BUILT_IN, Preset, fit
from shared.domain.stage import Stage
from shared.errors import UnreadableImage, UnsupportedFormat
from tests.unit.imaging.drawn import (
    ANIMATED,
    SAMPLES,
    blobs,
    checker,
    cornered,
    encode,
    gradient,
    noise,
    open_image,
    oriented,
    solid,
    translucent,
)


def _preset(width, height, image_format="jpeg", quality=85):
    return Preset("drawn", Stage.VARIANTS, (width, height), image_format, quality)


def _make(data, *presets):
    return list(make_renditions(data, presets))


def _psnr(first, second):
    difference = np.asarray(first, dtype=float) - np.asarray(second, dtype=float)
    return 10 * np.log10(255**2 / max((difference**2).mean(), 1e-9))


def test_renditions_come_in_the_order_of_the_presets():
    made = _make(encode(blobs()), *BUILT_IN)

    assert tuple(each.preset for each in made) == BUILT_IN


@pytest.mark.parametrize("size", [(640, 480), (480, 640), (1000, 10), (1, 3000), (3000, 1), (7, 5), (1, 1), (401, 399)])
@pytest.mark.parametrize("image_format", ["JPEG", "PNG", "WEBP"])
def test_every_rendition_has_its_size_to_the_pixel(size, image_format):
    for made in _make(encode(solid(*size), image_format), *BUILT_IN):
        assert (made.width, made.height) == fit(*size, made.preset.box) == open_image(made.data).size


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 900), st.integers(1, 900), st.integers(1, 400), st.integers(1, 400))
def test_no_size_is_off_by_a_pixel(width, height, box_width, box_height):
    box = (box_width, box_height)

    (made,) = _make(encode(solid(width, height)), _preset(*box))

    assert open_image(made.data).size == fit(width, height, box)


@pytest.mark.parametrize("image_format", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF"])
@pytest.mark.parametrize("value", range(1, 9))
def test_orientation_is_baked_in(image_format, value):
    data = encode(cornered(), image_format, exif=oriented(value))
    upright = ImageOps.exif_transpose(open_image(data)).convert("RGB")

    (made,) = _make(data, _preset(60, 60, "png"))

    assert (made.width, made.height) == upright.size
    assert _psnr(open_image(made.data), upright) > 25


@pytest.mark.parametrize("value", [1, 6])
def test_turned_image_takes_part_in_the_cascade(value):
    data = encode(cornered(1200, 800), "JPEG", exif=oriented(value))

    sizes = [(made.width, made.height) for made in _make(data, *BUILT_IN)]

    upright = (1200, 800) if value == 1 else (800, 1200)
    assert sizes == [fit(*upright, preset.box) for preset in BUILT_IN]


@pytest.mark.parametrize("image_format", ["jpeg", "png", "webp", "avif"])
def test_preset_decides_the_format(image_format):
    (made,) = _make(encode(noise()), _preset(20, 20, image_format))

    assert made.format == image_format
    assert open_image(made.data).format == image_format.upper()


def test_lower_quality_is_fewer_bytes():
    low, high = _make(encode(blobs()), _preset(300, 300, quality=40), _preset(300, 300, quality=90))

    assert len(low.data) < len(high.data)


@pytest.mark.parametrize("image_format", ["PNG", "WEBP", "GIF", "TIFF", "AVIF"])
def test_jpeg_of_a_transparent_image_is_written_as_webp_with_its_alpha(image_format):
    (made,) = _make(encode(translucent(), image_format), _preset(24, 24))

    image = open_image(made.data)
    assert made.format == "webp"
    assert (image.format, image.mode) == ("WEBP", "RGBA")
    assert image.getchannel("A").getextrema()[0] < 150


def test_opaque_alpha_channel_is_dropped():
    (made,) = _make(encode(solid(color=(10, 20, 30, 255)), "PNG"), _preset(24, 24))

    assert made.format == "jpeg"


def test_transparent_pixels_do_not_bleed_their_colour():
    image = solid(64, 64, (255, 0, 0, 255))
    image.paste((0, 255, 0, 0), (32, 0, 64, 64))

    (made,) = _make(encode(image, "PNG"), _preset(15, 15, "png"))

    red, green, _, alpha = np.moveaxis(np.asarray(open_image(made.data)).astype(int), -1, 0)
    assert green[alpha > 40].max() < 10
    assert red[alpha > 40].min() > 245


@pytest.mark.parametrize("preset_format", ["jpeg", "png", "webp", "avif"])
def test_renditions_carry_no_metadata(preset_format):
    exif = oriented(6)
    exif[271] = "Canon"
    profile = pyvips.Image.black(8, 8, bands=3).copy(interpretation="srgb").icc_export(output_profile="p3")
    data = encode(
        noise(), "JPEG", exif=exif, comment=b"private", xmp=b"<x/>", icc_profile=profile.get("icc-profile-data")
    )

    (made,) = _make(data, _preset(20, 20, preset_format))

    image = open_image(made.data)
    assert not image.getexif()
    assert not {"icc_profile", "exif", "xmp", "comment", "XML:com.adobe.xmp"} & set(image.info)
    assert b"Canon" not in made.data


def _flat(red, green, blue):
    return pyvips.Image.black(32, 32, bands=3).linear(1, [red, green, blue]).cast("uchar").copy(interpretation="srgb")


def test_wide_colours_are_converted_to_srgb():
    wide = _flat(180, 60, 60).icc_transform("p3", input_profile="srgb")

    (made,) = _make(wide.pngsave_buffer(keep="icc"), _preset(32, 32, "png"))

    assert wide(0, 0)[0] < 170
    assert np.abs(np.asarray(open_image(made.data)).astype(int) - [180, 60, 60]).max() <= 2


@pytest.mark.parametrize("keep", ["icc", "none"])
def test_cmyk_is_converted_with_or_without_its_profile(keep):
    cmyk = _flat(180, 60, 60).icc_export(output_profile="cmyk").jpegsave_buffer(Q=100, keep=keep)

    (made,) = _make(cmyk, _preset(32, 32, "png"))

    assert np.abs(np.asarray(open_image(made.data)).astype(int) - [180, 60, 60]).max() <= 12


def test_broken_profile_is_ignored():
    (made,) = _make(encode(solid(), "JPEG", icc_profile=b"no profile at all"), _preset(60, 40, "png"))

    assert np.abs(np.asarray(open_image(made.data)).astype(int) - [200, 30, 30]).max() <= 3


@pytest.mark.parametrize("image_format", ["PNG", "TIFF"])
def test_16_bit_grey_keeps_its_brightness(image_format):
    half = Image.fromarray(np.full((32, 32), 32_768, dtype=np.uint16))

    (made,) = _make(encode(half, image_format), _preset(16, 16, "png"))

    assert np.abs(np.asarray(open_image(made.data)).astype(int) - 128).max() <= 1


def test_first_frame_of_an_animation_is_taken():
    (made,) = _make(encode(noise(), "WEBP", lossless=True, **ANIMATED), _preset(48, 32, "png"))

    assert np.array_equal(np.asarray(open_image(made.data)), np.asarray(noise()))


def test_image_that_fits_its_box_keeps_its_pixels():
    (made,) = _make(encode(noise(), "PNG"), _preset(100, 100, "png"))

    assert np.array_equal(np.asarray(open_image(made.data)), np.asarray(noise()))


@pytest.mark.parametrize("edge", [100, 150, 300, 400, 600])
def test_cascade_looks_like_one_careful_reduction(edge):
    image = blobs(1600, 1200)
    presets = [_preset(each, each, "png") for each in (100, 150, 300, 400, 600, 1200)]
    direct = image.resize(fit(1600, 1200, (edge, edge)), Image.Resampling.LANCZOS)

    made = {each.preset.box[0]: each for each in _make(encode(image, "JPEG", quality=100, subsampling=0), *presets)}

    assert _psnr(open_image(made[edge].data), direct) > 38


def test_jpeg_is_read_at_the_smallest_scale_that_serves():
    image = checker(1600, 1600, square=200)

    (made,) = _make(encode(image), _preset(190, 190, "png"))

    assert _psnr(open_image(made.data), image.resize((190, 190), Image.Resampling.LANCZOS)) > 25


def test_gradient_stays_a_gradient():
    (made,) = _make(encode(gradient(800, 200), "PNG"), _preset(100, 100, "png"))

    row = np.asarray(open_image(made.data))[10, :, 0].astype(int)
    assert (np.diff(row) >= 0).all()


@given(st.lists(st.tuples(st.integers(1, 500), st.integers(1, 500)), min_size=1, unique=True))
def test_source_is_always_large_enough(sizes):
    ordered = sorted(sizes, reverse=True)

    for (width, height), source in plan(ordered).items():
        assert source is None or (source[0] >= MIN_RATIO * width and source[1] >= MIN_RATIO * height)


def test_source_is_the_nearest_that_is_large_enough():
    assert plan([(1000, 1000), (800, 800), (500, 500), (300, 300)]) == {
        (1000, 1000): None,
        (800, 800): None,
        (500, 500): (800, 800),
        (300, 300): (500, 500),
    }


def test_nothing_is_read_for_no_presets():
    assert _make(b"not an image") == []


@pytest.mark.parametrize("name", ["jpeg", "png", "webp", "gif"])
def test_truncated_file_gives_no_rendition(name):
    with pytest.raises(UnreadableImage):
        _make(SAMPLES[name][: len(SAMPLES[name]) // 2], _preset(20, 20))


@pytest.mark.parametrize(
    "data", [b"<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'/>", b"P5 1 1 255 x", b""]
)
def test_libvips_is_not_asked_about_other_formats(data):
    with pytest.raises(UnsupportedFormat):
        _make(data, _preset(20, 20))
