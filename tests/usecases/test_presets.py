"""Presets of a tenant: eager ones made with an image, others when they are asked for."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from io import BytesIO
from urllib.parse import urlsplit

import pytest
from PIL import Image

from shared.domain.asset import Asset
from shared.domain.on_demand import PATIENCE
from shared.domain.stage import Stage
from shared.domain.task import StageStatus
from shared.errors import NotReady, RenditionFailed, Transient, UnknownPreset
from shared.messages import PresetRequest
from shared.stores.images import OriginalStore
from shared.usecases.fail_rendition import fail_rendition
from shared.views import asset_summary
from tests.cloud import client
from tests.crashes import died, failing, interrupted, one_call_at_a_time, refused
from tests.pictures import photo
from tests.world import World

SMALL = (60, 40)
HERO = {"name": "hero", "box": [30, 30], "format": "avif", "quality": 60}
LAZY = {"name": "lazy", "box": [20, 20], "format": "webp", "mode": "on_demand"}


def uploaded(world: World) -> Asset:
    """A project of one image, with everything done."""
    _, uploads = world.upload(photo(1, *SMALL))
    world.run(uploads)
    return world.all_assets()[0]


def ask(world: World, asset: Asset, preset: str = "lazy") -> list[PresetRequest]:
    """Ask for a rendition that is not there; the messages that were sent for it."""
    with pytest.raises(NotReady) as answer:
        world.find_rendition(asset.asset_id, preset)
    assert answer.value.retry_after_s > 0
    return world.sent("RenditionsQueue")


def served(world: World, asset: Asset, preset: str = "lazy") -> Image.Image:
    key = urlsplit(world.find_rendition(asset.asset_id, preset)).path.lstrip("/")
    body = client("s3").get_object(Bucket=world.cloud.renditions_bucket, Key=key)["Body"].read()
    return Image.open(BytesIO(body))


def assert_ledger_equals_bucket(world: World) -> None:
    assets = world.all_assets()
    listed = client("s3").list_objects_v2(Bucket=world.cloud.renditions_bucket).get("Contents", [])
    usage = world.usage()
    assert usage["rendition_count"] == sum(len(asset.renditions) for asset in assets)
    awaiting = usage.get("awaiting_purge_bytes", 0)
    assert usage["rendition_bytes"] + awaiting == sum(found["Size"] for found in listed)


# ── Eager ─────────────────────────────────────────────────────────────────────────────────────────────────────


def test_eager_preset_of_the_tenant_is_made_with_the_image_in_its_stage(world: World) -> None:
    world.set_presets(HERO, {"name": "tiny", "longer_edge": 8, "stage": "thumbnails", "format": "png"})

    asset = uploaded(world)

    assert (served(world, asset, "hero").size, served(world, asset, "tiny").size) == ((30, 20), (8, 5))
    assert (asset.renditions["hero"].format, asset.renditions["tiny"].format) == ("avif", "png")
    assert_ledger_equals_bucket(world)


@pytest.mark.parametrize(
    ("off", "shown"),
    [
        (["thumb_300"], "card"),
        (["thumb", "card", "thumb_150", "thumb_300", "thumb_600"], "display_1038x1278"),
    ],
)
def test_task_and_lists_show_another_rendition_where_the_thumbnail_is_off(
    world: World, off: list[str], shown: str
) -> None:
    world.set_presets(*({"name": name, "enabled": False} for name in off))
    job_id, uploads = world.upload(photo(1, 1400, 1000))
    world.run(uploads)

    again, copies = world.upload(photo(1, 1400, 1000))
    world.run(copies)

    asset = world.all_assets()[0]
    key = asset.renditions[shown].key
    assert (world.task(job_id).thumbnail_key, world.task(again).thumbnail_key) == (key, key)
    assert asset_summary(asset, sign=str).thumbnail_url == key


def test_built_in_preset_that_is_off_is_not_made(world: World) -> None:
    world.set_presets({"name": "zoom", "enabled": False})

    asset = uploaded(world)

    assert "zoom" not in asset.renditions
    with pytest.raises(UnknownPreset):
        world.find_rendition(asset.asset_id, "zoom")


def test_all_presets_of_a_stage_may_be_off(world: World) -> None:
    world.set_presets(
        *({"name": name, "enabled": False} for name in ("zoom", "display_1080x1920", "display_2160x3840")),
        {"name": "display_1038x1278", "enabled": False},
    )

    asset = uploaded(world)

    assert asset.stages[Stage.VARIANTS] is StageStatus.COMPLETED


def test_presets_that_change_between_the_stages_of_a_redelivered_message_do_no_harm(world: World) -> None:
    world.set_presets(HERO)
    _, uploads = world.upload(photo(1, *SMALL))
    world.validate(uploads[0])
    (request,) = world.sent("RenditionsQueue")
    assert died(9, lambda: world.render(request))  # in the middle of the thumbnails

    world.set_presets(HERO | {"quality": 10})
    world.render(request)

    asset = world.all_assets()[0]
    assert served(world, asset, "hero").size == (30, 20)
    assert_ledger_equals_bucket(world)


# ── On demand ─────────────────────────────────────────────────────────────────────────────────────────────────


def test_rendition_that_is_asked_for_is_made_then(world: World) -> None:
    world.set_presets(LAZY)
    asset = uploaded(world)
    assert "lazy" not in asset.renditions

    (request,) = ask(world, asset)
    world.render(request)

    assert served(world, asset).format == "WEBP"
    assert world.all_assets()[0].asked == {}
    assert_ledger_equals_bucket(world)


def test_a_hundred_who_ask_at_once_send_one_message(world: World) -> None:
    world.set_presets(LAZY)
    asset = uploaded(world)

    def one(_: int) -> str:
        try:
            return world.find_rendition(asset.asset_id, "lazy")
        except NotReady as refused:
            return refused.code

    with one_call_at_a_time(), ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(one, range(100)))

    assert answers == ["not_ready"] * 100
    assert len(world.sent("RenditionsQueue")) == 1


@pytest.mark.parametrize("nth", range(1, 6))
def test_two_who_ask_at_once_send_one_message_wherever_they_meet(world: World, nth: int) -> None:
    world.set_presets(LAZY)
    asset = uploaded(world)
    rival: list[PresetRequest] = []

    with interrupted(nth, lambda: rival.extend(ask(world, asset))):
        mine = ask(world, asset)

    assert len(rival) + len(mine) == 1


def test_lost_message_is_sent_again_after_a_while(world: World) -> None:
    world.set_presets(LAZY)
    asset = uploaded(world)
    ask(world, asset)
    assert ask(world, asset) == []

    world.now += PATIENCE

    assert len(ask(world, asset)) == 1


def test_rendition_whose_message_could_not_be_sent_is_asked_for_by_the_next_who_comes(world: World) -> None:
    world.set_presets(LAZY)
    asset = uploaded(world)

    with failing("SendMessage"), pytest.raises(Transient, match="queue"):
        world.find_rendition(asset.asset_id, "lazy")

    assert world.all_assets()[0].asked == {}
    assert len(ask(world, asset)) == 1


def test_note_that_cannot_be_taken_back_either_lapses_after_a_while(world: World) -> None:
    world.set_presets(LAZY)
    asset = uploaded(world)

    with (
        failing("SendMessage"),
        refused("ThrottlingException", nth=5) as calls,
        pytest.raises(Transient, match="queue"),
    ):
        world.find_rendition(asset.asset_id, "lazy")

    assert calls.refused == ["GetItem"]
    assert ask(world, asset) == []
    world.now += PATIENCE
    assert len(ask(world, asset)) == 1


def test_rendition_is_recorded_once_however_often_its_message_comes(world: World) -> None:
    world.set_presets(LAZY)
    asset = uploaded(world)
    (request,) = ask(world, asset)

    world.render(request)
    once = world.usage()
    world.render(request)

    assert world.usage() == once
    assert_ledger_equals_bucket(world)


@pytest.mark.parametrize("cut", range(1, 4))
def test_worker_that_dies_anywhere_leaves_a_rendition_that_can_be_made(world: World, cut: int) -> None:
    world.set_presets(LAZY)
    asset = uploaded(world)
    (request,) = ask(world, asset)

    died(cut, lambda: world.render(request))
    world.render(request)

    assert served(world, asset).size == (20, 13)
    assert_ledger_equals_bucket(world)


@pytest.mark.parametrize("cut", range(1, 3))
def test_api_that_dies_while_it_is_asked_can_be_asked_again(world: World, cut: int) -> None:
    world.set_presets(LAZY)
    asset = uploaded(world)
    died(cut, lambda: world.find_rendition(asset.asset_id, "lazy"))
    requests = world.sent("RenditionsQueue")

    world.now += PATIENCE
    for request in requests + ask(world, asset):
        world.render(request)

    assert served(world, asset).size == (20, 13)
    assert_ledger_equals_bucket(world)


def test_rendition_that_cannot_be_made_is_remembered_as_failed(world: World) -> None:
    world.set_presets(LAZY)
    asset = uploaded(world)
    (request,) = ask(world, asset)
    client("s3").delete_object(
        Bucket=world.cloud.originals_bucket, Key=asset.original.key, VersionId=asset.original.version_id
    )

    world.render(request)

    with pytest.raises(RenditionFailed):
        world.find_rendition(asset.asset_id, "lazy")
    assert world.all_assets()[0].asked["lazy"].failed_as == "original_gone"
    assert world.sent("RenditionsQueue") == []


def test_rendition_that_the_queue_gave_up_on_can_be_asked_for_again(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    world.set_presets(LAZY)
    asset = uploaded(world)
    (request,) = ask(world, asset)

    world.dead_letter("RenditionsQueue", request)

    assert "PoisonRecords" in capsys.readouterr().out
    (again,) = ask(world, asset)
    world.render(again)
    assert served(world, asset).size == (20, 13)


def test_message_that_the_queue_gave_up_on_leaves_a_verdict_as_it_is(world: World) -> None:
    world.set_presets(LAZY)
    asset = uploaded(world)
    (request,) = ask(world, asset)
    fail_rendition(request, "original_gone", world.catalog, world.clock)

    world.dead_letter("RenditionsQueue", request)

    with pytest.raises(RenditionFailed):
        world.find_rendition(asset.asset_id, "lazy")


def test_message_of_an_older_recipe_that_the_queue_gave_up_on_leaves_the_new_one_being_made(world: World) -> None:
    world.set_presets(LAZY)
    asset = uploaded(world)
    (request,) = ask(world, asset)
    world.set_presets(LAZY | {"quality": 50})
    ask(world, asset)

    world.dead_letter("RenditionsQueue", request)

    assert ask(world, asset) == []


def test_transient_fault_is_left_to_the_queue(world: World) -> None:
    world.set_presets(LAZY)
    asset = uploaded(world)
    (request,) = ask(world, asset)
    good, world.rendition_work = world.rendition_work, replace(world.rendition_work, originals=OriginalStore("none"))

    with pytest.raises(Exception, match="cannot be read now"):
        world.render(request)

    world.rendition_work = good
    world.render(request)
    assert served(world, asset).size == (20, 13)


def test_rendition_of_an_image_that_was_deleted_meanwhile_leaves_no_object(world: World) -> None:
    world.set_presets(LAZY)
    asset = uploaded(world)
    (request,) = ask(world, asset)
    before = world.objects(world.cloud.renditions_bucket)

    with interrupted(4, lambda: world.catalog.delete(asset.asset_id, asset.tenant, world.clock())):
        world.render(request)

    assert world.objects(world.cloud.renditions_bucket) == before


# ── Changed recipes ───────────────────────────────────────────────────────────────────────────────────────────


def test_rendition_of_an_older_recipe_is_never_served(world: World) -> None:
    world.set_presets(HERO)
    asset = uploaded(world)

    world.set_presets(HERO | {"box": [12, 12]})
    (request,) = ask(world, asset, "hero")
    world.render(request)

    assert served(world, asset, "hero").size == (12, 8)
    assert_ledger_equals_bucket(world)


def test_recipe_that_comes_back_has_keys_of_its_own(world: World) -> None:
    world.set_presets(HERO)
    asset = uploaded(world)
    first = asset.renditions["hero"].key
    for quality in (10, HERO["quality"]):
        world.set_presets(HERO | {"quality": quality})
        (request,) = ask(world, asset, "hero")
        world.render(request)

    assert world.all_assets()[0].renditions["hero"].key != first
    assert_ledger_equals_bucket(world)


def test_message_of_an_older_recipe_makes_nothing(world: World) -> None:
    world.set_presets(LAZY)
    asset = uploaded(world)
    (request,) = ask(world, asset)

    world.set_presets(LAZY | {"quality": 10})
    world.render(request)

    assert "lazy" not in world.all_assets()[0].renditions
