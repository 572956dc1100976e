from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.asset import StoredRendition
from shared.domain.presets import (
    BUILT_IN,
    FORMATS,
    Mode,
    Preset,
    content_type,
    extension,
    fit,
    recipe_hash,
    revised,
    thumbnail_of,
)
from shared.domain.stage import Stage

edges = st.integers(1, 65_535)
boxes = st.tuples(st.integers(1, 10_000), st.integers(1, 10_000))


@given(edges, edges, boxes)
def test_fitted_image_stays_inside_its_box_and_has_pixels(width, height, box):
    fitted_width, fitted_height = fit(width, height, box)

    assert 1 <= fitted_width <= box[0]
    assert 1 <= fitted_height <= box[1]


@given(edges, edges, boxes)
def test_image_is_never_upscaled(width, height, box):
    fitted_width, fitted_height = fit(width, height, box)

    assert fitted_width <= width
    assert fitted_height <= height


@given(edges, edges, boxes)
def test_fitted_image_keeps_its_aspect_to_half_a_pixel(width, height, box):
    fitted_width, fitted_height = fit(width, height, box)
    scale = min(1, box[0] / width, box[1] / height)

    assert abs(fitted_width - max(1, width * scale)) <= 0.5 + 1e-6
    assert abs(fitted_height - max(1, height * scale)) <= 0.5 + 1e-6


@given(edges, edges, boxes)
def test_turned_image_fits_the_turned_box(width, height, box):
    assert fit(height, width, box[::-1]) == fit(width, height, box)[::-1]


@given(edges, edges, boxes)
def test_fitting_twice_changes_nothing(width, height, box):
    assert fit(*fit(width, height, box), box) == fit(width, height, box)


@pytest.mark.parametrize(
    ("size", "box", "expected"),
    [
        ((4000, 3000), (2160, 3840), (2160, 1620)),
        ((4000, 3000), (150, 150), (150, 113)),  # 112.5 goes up
        ((3000, 4000), (150, 150), (113, 150)),
        ((1, 65_535), (100, 100), (1, 100)),
        ((65_535, 1), (100, 100), (100, 1)),
        ((80, 60), (100, 100), (80, 60)),
        ((100, 100), (100, 100), (100, 100)),
    ],
)
def test_known_sizes(size, box, expected):
    assert fit(*size, box) == expected


def test_built_in_presets_have_distinct_names_in_two_stages():
    assert len({preset.name for preset in BUILT_IN}) == len(BUILT_IN) == 9
    assert [preset.stage for preset in BUILT_IN] == [Stage.THUMBNAILS] * 5 + [Stage.VARIANTS] * 4


@pytest.mark.parametrize("change", [{"box": (401, 400)}, {"format": "webp"}, {"quality": 84}])
def test_recipe_hash_changes_with_what_changes_the_bytes(change):
    card = Preset("card", Stage.THUMBNAILS, (400, 400))

    assert recipe_hash(replace(card, **change)) != recipe_hash(card)


@pytest.mark.parametrize("change", [{"name": "other"}, {"stage": Stage.VARIANTS}, {"enabled": False}])
def test_recipe_hash_does_not_change_with_the_rest(change):
    card = Preset("card", Stage.THUMBNAILS, (400, 400))

    assert recipe_hash(replace(card, **change)) == recipe_hash(card)


def test_recipe_hash_is_8_hex_characters_that_outlive_the_process():
    assert recipe_hash(Preset("card", Stage.THUMBNAILS, (400, 400))) == "b56416f6"


def test_every_format_has_an_extension_and_a_content_type():
    assert extension("jpeg") == "jpg"
    assert content_type("jpeg") == "image/jpeg"
    assert all(content_type(name).startswith("image/") and extension(name) for name in FORMATS)


own_presets = st.builds(
    Preset,
    name=st.just("own"),
    stage=st.sampled_from([Stage.THUMBNAILS, Stage.VARIANTS]),
    box=st.tuples(st.integers(1, 3), st.integers(1, 3)),
    format=st.sampled_from(["jpeg", "webp", "avif", "png"]),
    quality=st.integers(1, 3),
    enabled=st.booleans(),
    mode=st.sampled_from(Mode),
)


@given(own_presets, own_presets)
def test_recipe_changes_exactly_when_the_bytes_may(before, after):
    (standing,) = revised([before], [], 1)

    (kept,) = revised([after], [standing], 2)

    same_bytes = (before.box, before.format, before.quality) == (after.box, after.format, after.quality)
    assert (recipe_hash(kept) == recipe_hash(standing)) == same_bytes


@given(st.lists(own_presets, min_size=1, max_size=8))
def test_recipe_that_was_left_never_comes_back(history):
    rows: tuple[Preset, ...] = ()
    recipes: list[str] = []
    for revision, preset in enumerate(history, start=1):
        rows = revised([preset], rows, revision)
        recipes.append(recipe_hash(rows[0]))

    changes = [recipe for recipe, last in zip(recipes, [None, *recipes], strict=False) if recipe != last]
    assert len(changes) == len(set(changes))


@pytest.mark.parametrize(
    ("edges", "shown"),
    [
        ({"thumb_150": 150, "thumb_300": 300, "card": 400}, "thumb_300"),
        ({"thumb_300": 60, "card": 60, "zoom": 60}, "thumb_300"),  # all of a small image's are of one size
        ({"thumb_150": 150, "thumb_600": 600, "card": 400}, "card"),
        ({"thumb": 100, "thumb_150": 150, "zoom": 1200}, "thumb_150"),
        ({"display_2160x3840": 2880, "zoom": 1200}, "zoom"),
        ({}, None),
    ],
)
def test_list_shows_what_is_nearest_to_its_thumbnail(edges, shown):
    made = [StoredRendition(name, f"key of {name}", "jpeg", edge, 40, 1, 85) for name, edge in edges.items()]

    found = thumbnail_of(made)

    assert (found and found.preset) == shown
