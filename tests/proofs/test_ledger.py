"""Night falls at any moment of anybody's work: no image loses an object, and nothing is left that is nobody's."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from moto import mock_aws

from shared.domain.presets import BUILT_IN
from shared.errors import DarkroomError
from shared.messages import Message
from shared.stores.images import s3
from tests.cloud import build
from tests.conftest import forget_clients
from tests.crashes import Act, died, interrupted, is_done, until_done
from tests.ledger import assert_ledger_is_the_buckets, assert_nothing_is_lost, clean_up
from tests.pictures import photo
from tests.world import TENANT, World

Scene = Callable[[World], tuple[Act, Act]]
"""Two who are at work at the same moment."""

ONLY_THUMB = [{"name": preset.name, "enabled": False} for preset in BUILT_IN if preset.name not in {"thumb", "zoom"}]
"""One of each stage: enough, and quick."""
PICTURE = photo(1, 40, 40)
NEVER = 10**6


def uploaded(world: World) -> str:
    """The id of an image with everything done."""
    _, uploads = world.upload(PICTURE)
    world.run(uploads)
    return world.all_assets()[0].asset_id


def rebuilding(world: World) -> Message:
    """The message that makes an image's renditions anew."""
    world.rebuild(only_missing=False)
    while steps := world.sent("DispatchQueue"):
        for step in steps:
            world.dispatch(step)
    [message] = world.sent("RebuildQueue")
    return message


def night(world: World) -> None:
    """Purge and sweep as if all in the buckets were old."""
    world.purge(0)
    world.sweep()


def two_days_pass(world: World) -> None:
    world.now += timedelta(days=2)


# ── Who is at work, and what happens meanwhile ────────────────────────────────────────────────────────────────────


def validating_at_night(world: World) -> tuple[Act, Act]:
    _, [upload] = world.upload(PICTURE)
    return lambda: world.validate(upload), lambda: night(world)


def rendering_at_night_what_another_left_behind(world: World) -> tuple[Act, Act]:
    _, [upload] = world.upload(PICTURE)
    world.validate(upload)
    [message] = world.sent("RenditionsQueue")
    assert died(2, lambda: world.render(message)), "after the task was begun and one rendition stored"
    return lambda: world.render(message), lambda: night(world)


def rendering_on_demand_at_night(world: World) -> tuple[Act, Act]:
    world.set_presets(*ONLY_THUMB, {"name": "own", "box": [20, 20], "mode": "on_demand"})
    asset_id = uploaded(world)
    with pytest.raises(DarkroomError):
        world.find_rendition(asset_id, "own")
    [message] = world.sent("RenditionsQueue")
    assert died(1, lambda: world.render(message)), "stored, but not recorded"
    return lambda: world.render(message), lambda: night(world)


def rendering_again_while_the_image_is_deleted(world: World) -> tuple[Act, Act]:
    _, [upload] = world.upload(PICTURE)
    world.validate(upload)
    [message] = world.sent("RenditionsQueue")
    assert died(3, lambda: world.render(message)), "recorded, but the task does not say so"

    def delete() -> None:
        for asset in world.all_assets():
            world.catalog.delete(asset.asset_id, TENANT, world.clock())
        world.sweep()

    return lambda: world.render(message), delete


def rebuilding_while_the_image_is_deleted_purged_and_uploaded_again(world: World) -> tuple[Act, Act]:
    asset_id = uploaded(world)
    message = rebuilding(world)

    def replace_it() -> None:
        world.catalog.delete(asset_id, TENANT, world.clock())
        two_days_pass(world)
        _, [again] = world.upload(PICTURE)
        night(world)
        world.validate(again)

    return lambda: world.render(message), replace_it


def purging_while_the_image_is_uploaded_again(world: World) -> tuple[Act, Act]:
    world.catalog.delete(uploaded(world), TENANT, world.clock())
    two_days_pass(world)
    _, [upload] = world.upload(PICTURE)
    return lambda: night(world), lambda: world.validate(upload)


def purging_what_was_deleted_while_its_validation_is_tried_again(world: World) -> tuple[Act, Act]:
    _, [upload] = world.upload(PICTURE)
    assert died(2, lambda: world.validate(upload)), "the image is there, the task does not say so"
    world.catalog.delete(world.all_assets()[0].asset_id, TENANT, world.clock())
    two_days_pass(world)
    return lambda: world.validate(upload), lambda: night(world)


def sweeping_while_what_it_suspects_is_recorded_and_deleted(world: World) -> tuple[Act, Act]:
    _, [upload] = world.upload(PICTURE)
    world.validate(upload)
    [message] = world.sent("RenditionsQueue")
    assert died(2, lambda: world.render(message)), "stored, but not recorded"

    def record_and_delete() -> None:
        world.render(message)
        for asset in world.all_assets():
            world.catalog.delete(asset.asset_id, TENANT, world.clock())

    return world.sweep, record_and_delete


SCENES: tuple[Scene, ...] = (
    validating_at_night,
    rendering_at_night_what_another_left_behind,
    rendering_on_demand_at_night,
    rendering_again_while_the_image_is_deleted,
    rebuilding_while_the_image_is_deleted_purged_and_uploaded_again,
    purging_while_the_image_is_uploaded_again,
    purging_what_was_deleted_while_its_validation_is_tried_again,
    sweeping_while_what_it_suspects_is_recorded_and_deleted,
)


@pytest.mark.parametrize("is_reversed", [False, True])
@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.__name__)
def test_what_happens_between_any_two_calls_costs_no_object(scene: Scene, is_reversed: bool) -> None:
    calls = _run(scene, NEVER, is_reversed=is_reversed)

    for nth in range(1, calls + 1):
        _run(scene, nth, is_reversed=is_reversed)


def _run(scene: Scene, nth: int, *, is_reversed: bool) -> int:
    """How many calls the interrupted one made."""
    forget_clients()
    with mock_aws():
        world = World(build())
        world.tenants.create(TENANT, "shop", world.now)
        world.set_presets(*ONLY_THUMB)
        acts = scene(world)
        first, second = reversed(acts) if is_reversed else acts
        with interrupted(nth, lambda: until_done(second), s3()) as made:
            has_ended = is_done(first)
        calls = len(made)
        if not has_ended:
            until_done(first)
        assert_nothing_is_lost(world)
        world.work_off()
        assert_nothing_is_lost(world)
        clean_up(world)
        assert_ledger_is_the_buckets(world)
        return calls


def test_purge_takes_more_than_a_thousand_objects_at_once(world: World) -> None:
    world.tenants.create(TENANT, "shop", world.now)
    asset_id = uploaded(world)
    thumb = world.catalog.read(asset_id, TENANT).renditions["thumb"].key
    for number in range(1001):
        world.renditions.put(thumb.replace("thumb", f"late{number}"), b"late", "image/jpeg")
    world.catalog.delete(asset_id, TENANT, world.clock())

    clean_up(world)

    assert world.stored() == ({}, {})
