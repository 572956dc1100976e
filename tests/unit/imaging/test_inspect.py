import struct
import tracemalloc

import pytest
from PIL import Image, ImageCms
from PIL.TiffImagePlugin import IFDRational

from shared.domain.imaging.inspect import inspect_image
from shared.domain.imaging.pixels import read_pixels
from shared.domain.limits import Limits
from shared.errors import (
    EdgeTooLong,
    EmptyFile,
    FileTooLarge,
    Refused,
    TooManyFrames,
    TooManyPixels,
    TruncatedImage,
    UnreadableImage,
    UnsupportedFormat,
)
from tests.unit.imaging.drawn import ANIMATED, SAMPLES, cornered, encode, noise, oriented, png_claiming, solid

LIMITS = Limits()


@pytest.mark.parametrize(("name", "data"), SAMPLES.items(), ids=SAMPLES)
def test_valid_file_of_every_kind_is_accepted_with_its_format_and_size(name, data):
    facts = inspect_image(data, LIMITS)

    assert facts.format == name.split()[-1]
    assert sorted((facts.width, facts.height)) == [32, 48]


@pytest.mark.parametrize(("name", "data"), SAMPLES.items(), ids=SAMPLES)
def test_file_cut_anywhere_is_refused(name, data):
    for length in range(1, len(data), 37):
        with pytest.raises(Refused):
            inspect_image(data[:length], LIMITS)


@pytest.mark.parametrize(("name", "data"), SAMPLES.items(), ids=SAMPLES)
@pytest.mark.parametrize("share", [0.3, 0.7, 0.98])
def test_file_cut_inside_its_pixels_is_called_truncated(name, data, share):
    with pytest.raises(TruncatedImage):
        inspect_image(data[: int(len(data) * share)], LIMITS)


@pytest.mark.parametrize("name", ["jpeg", "png", "webp", "gif", "tiff"])
def test_file_without_its_last_byte_is_truncated(name):
    with pytest.raises(TruncatedImage):
        inspect_image(SAMPLES[name][:-1], LIMITS)


def test_whole_file_with_broken_pixels_is_unreadable():
    data = bytearray(SAMPLES["png"])
    data[60] ^= 0xFF

    with pytest.raises(UnreadableImage):
        inspect_image(bytes(data), LIMITS)


def test_empty_file_is_refused():
    with pytest.raises(EmptyFile):
        inspect_image(b"", LIMITS)


def test_too_many_bytes_are_refused_with_limit_and_measure():
    with pytest.raises(FileTooLarge) as refusal:
        inspect_image(b"x" * 11, Limits(max_bytes=10))

    assert (refusal.value.limit, refusal.value.measured) == (10, 11)


@pytest.mark.parametrize(
    "data",
    [
        b"hello, I am a text",
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"%PDF-1.7",
        b"\x00",
        b"\x00\x00\x00\x18ftypmif1\x00\x00\x00\x00mif1heic",
        encode(solid(), "BMP"),
    ],
)
def test_other_content_is_unsupported_whatever_its_name(data):
    with pytest.raises(UnsupportedFormat):
        inspect_image(data, LIMITS)


@pytest.mark.parametrize("image", [Image.new("F", (8, 8)), Image.new("I", (8, 8)), Image.new("LAB", (8, 8))])
def test_pixels_without_an_agreed_white_are_unsupported(image):
    with pytest.raises(UnsupportedFormat):
        inspect_image(encode(image, "TIFF"), LIMITS)


def test_small_file_claiming_a_huge_image_is_refused_without_allocating_it():
    tracemalloc.start()
    try:
        with pytest.raises(EdgeTooLong) as refusal:
            inspect_image(png_claiming(50_000, 50_000), LIMITS)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

    assert (refusal.value.limit, refusal.value.measured) == (30_000, 50_000)
    assert peak < 1_000_000


def test_pixels_are_limited_before_decoding():
    with pytest.raises(TooManyPixels) as refusal:
        inspect_image(png_claiming(20_000, 20_000), LIMITS)

    assert (refusal.value.limit, refusal.value.measured) == (100_000_000, 400_000_000)


def test_webp_claiming_a_huge_canvas_is_refused():
    data = bytearray(SAMPLES["animated webp"])
    data[24:30] = b"\xff" * 6

    with pytest.raises(EdgeTooLong):
        inspect_image(bytes(data), LIMITS)


def test_gif_frame_reaching_past_its_screen_counts_at_its_full_size():
    data = bytearray(encode(solid(), "GIF"))
    frame = data.index(b"\x2c\x00\x00\x00\x00", 13)
    data[frame + 5 : frame + 9] = b"\xff\xff\xff\xff"

    with pytest.raises(EdgeTooLong):
        inspect_image(bytes(data), LIMITS)


@pytest.mark.parametrize("screen", [(32, 16), (1, 1), (0, 0), (3000, 3000), (640, 480)])
def test_size_of_a_gif_is_that_of_the_decoder_whatever_its_screen_claims(screen):
    data = bytearray(SAMPLES["gif"])
    data[6:10] = struct.pack("<2H", *screen)

    facts = inspect_image(bytes(data), LIMITS)

    assert (facts.height, facts.width, 3) == read_pixels(bytes(data), longest_edge=10_000).shape


@pytest.mark.parametrize("name", ["animated png", "animated webp", "animated gif"])
def test_frames_are_counted_and_their_pixels_summed(name):
    assert inspect_image(SAMPLES[name], LIMITS).frames == 3

    with pytest.raises(TooManyFrames) as frames:
        inspect_image(SAMPLES[name], Limits(max_frames=2))
    with pytest.raises(TooManyPixels) as pixels:
        inspect_image(SAMPLES[name], Limits(max_pixels=48 * 32 * 3 - 1))

    assert (frames.value.limit, frames.value.measured) == (2, 3)
    assert pixels.value.measured == 48 * 32 * 3


def test_pages_of_a_tiff_are_frames():
    assert inspect_image(encode(noise(), "TIFF", **ANIMATED), LIMITS).frames == 3


def test_frames_are_not_counted_past_the_limit():
    many = encode(solid(4, 4), "GIF", save_all=True, append_images=[noise(4, 4, seed) for seed in range(50)])

    with pytest.raises(TooManyFrames) as refusal:
        inspect_image(many, Limits(max_frames=10))

    assert refusal.value.measured == 11


def test_mpo_is_a_jpeg_of_one_frame():
    facts = inspect_image(encode(noise(), "MPO", **ANIMATED), LIMITS)

    assert (facts.format, facts.frames) == ("jpeg", 1)


@pytest.mark.parametrize("image_format", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF"])
@pytest.mark.parametrize(("value", "expected"), [(1, (60, 40)), (3, (60, 40)), (6, (40, 60)), (8, (40, 60))])
def test_size_is_upright(image_format, value, expected):
    facts = inspect_image(encode(cornered(), image_format, exif=oriented(value)), LIMITS)

    assert (facts.width, facts.height) == expected


def _with_profile(name):
    return encode(solid(), "JPEG", icc_profile=ImageCms.ImageCmsProfile(ImageCms.createProfile(name)).tobytes())


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (encode(solid()), "sRGB"),
        (_with_profile("sRGB"), "sRGB"),
        (_with_profile("XYZ"), "RGB"),
        (encode(solid(), "JPEG", icc_profile=b"no profile at all"), "sRGB"),
        (SAMPLES["cmyk jpeg"], "CMYK"),
        (SAMPLES["grey jpeg"], "grey"),
        (encode(Image.new("I;16", (8, 8)), "PNG"), "grey"),
    ],
)
def test_color_space_is_named(data, expected):
    assert inspect_image(data, LIMITS).color_space == expected


@pytest.mark.parametrize(
    ("image", "image_format", "expected"),
    [
        (solid(color=(9, 9, 9, 9)), "PNG", True),
        (solid(color=(9, 9, 9, 0)), "GIF", True),
        (solid(), "PNG", False),
        (solid(), "JPEG", False),
    ],
)
def test_alpha_is_noticed(image, image_format, expected):
    assert inspect_image(encode(image, image_format), LIMITS).has_alpha is expected


def _photographed():
    exif = oriented(6)
    exif.update({271: "Canon\x00", 272: "EOS " + "5" * 500, 315: "Jane Doe"})
    exif[0x8769] = {
        33434: IFDRational(1, 250),
        33437: IFDRational(28, 10),
        34855: 400,
        36867: "2024:05:01 10:20:30",
        37386: IFDRational(50, 1),
    }
    exif[0x8825] = {1: "N", 2: (52.0, 30.0, 0.0)}
    stored = Image.Exif()
    stored.load(exif.tobytes())
    return stored


@pytest.mark.parametrize("image_format", ["JPEG", "TIFF"])
def test_exif_is_a_short_readable_subset_without_the_place(image_format):
    facts = inspect_image(encode(noise(), image_format, exif=_photographed()), LIMITS)

    assert facts.exif == {
        "make": "Canon",
        "model": "EOS " + "5" * 60,
        "orientation": "6",
        "datetime_original": "2024:05:01 10:20:30",
        "exposure_s": "1/250",
        "f_number": "2.8",
        "iso": "400",
        "focal_length_mm": "50",
    }


def test_broken_exif_does_not_make_a_bad_picture():
    facts = inspect_image(encode(noise(), "JPEG", exif=b"Exif\x00\x00II*\x00\xff\xff\xff\x00garbage"), LIMITS)

    assert facts.exif == {}
