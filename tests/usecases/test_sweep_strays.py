from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from datetime import timedelta

import boto3
import pytest

from shared.domain.asset import Original
from shared.domain.presets import THUMBNAIL
from shared.domain.task import MAX_ATTEMPTS
from shared.errors import Transient
from shared.messages import UploadedObject
from shared.stores.catalog import Overtaken
from tests.crashes import died, failing
from tests.pictures import photo
from tests.world import PROJECT, TENANT, World


@pytest.fixture
def tenant(world: World) -> World:
    world.tenants.create(TENANT, "shop", world.now)
    return world


def uploaded(world: World) -> str:
    """The id of an image with its renditions."""
    _, uploads = world.upload(photo(1, 40, 40))
    world.run(uploads)
    return world.all_assets()[0].asset_id


def stray_beside(world: World, asset_id: str) -> str:
    """The key of a rendition that a worker stored before it died."""
    key = world.catalog.read(asset_id, TENANT).renditions[THUMBNAIL].key.replace(THUMBNAIL, "unrecorded")
    world.renditions.put(key, b"stray", "image/jpeg")
    return key


def waiting(world: World) -> UploadedObject:
    _, [upload] = world.upload(photo(1, 40, 40))
    return upload


def swept(world: World) -> int:
    report = world.sweep()
    assert report.strays_found == report.strays_deleted
    return report.strays_deleted


def test_what_an_image_names_stays(tenant: World) -> None:
    uploaded(tenant)
    before = tenant.stored()

    assert swept(tenant) == 0
    assert tenant.stored() == before


def test_rendition_that_nobody_recorded_is_deleted(tenant: World) -> None:
    asset_id = uploaded(tenant)
    before = tenant.stored()
    stray_beside(tenant, asset_id)

    assert swept(tenant) == 1
    assert tenant.stored() == before


def test_dry_run_only_counts(tenant: World) -> None:
    asset_id = uploaded(tenant)
    stray_beside(tenant, asset_id)
    before, edition = tenant.stored(), tenant.catalog.read(asset_id, TENANT).edition

    assert tenant.sweep(is_dry_run=True).strays_found == 1
    assert (tenant.stored(), tenant.catalog.read(asset_id, TENANT).edition) == (before, edition)


def test_key_that_was_swept_is_never_recorded(tenant: World) -> None:
    asset_id = uploaded(tenant)
    stray = stray_beside(tenant, asset_id)
    before = tenant.catalog.read(asset_id, TENANT)
    made = replace(before.renditions[THUMBNAIL], key=stray)
    swept(tenant)

    with pytest.raises(Overtaken):
        tenant.catalog.save_rendition(asset_id, before.creator, made, tenant.now, before.edition)


def test_worker_whose_renditions_were_swept_stores_them_once_more(tenant: World) -> None:
    tenant.validate(waiting(tenant))
    [message] = tenant.sent("RenditionsQueue")
    puts_of_thumbnails = 6  # the last one before they are recorded; the task's own write comes first
    assert died(puts_of_thumbnails, lambda: tenant.render(message))
    swept(tenant)

    tenant.render(message)
    tenant.work_off()
    swept(tenant)

    [asset] = tenant.all_assets()
    _, renditions = tenant.stored()
    assert renditions == {made.key: made.bytes for made in asset.renditions.values()}
    assert len(renditions) == 9


def test_sweep_that_finds_only_what_is_buried_changes_no_image(tenant: World) -> None:
    tenant.set_presets({"name": "own", "box": [30, 30]})
    before = tenant.catalog.read(uploaded(tenant), TENANT)
    tenant.set_presets({"name": "own", "box": [20, 20]})
    tenant.rebuild()
    tenant.work_off()
    rebuilt = tenant.catalog.read(before.asset_id, TENANT)

    assert rebuilt.renditions["own"] != before.renditions["own"]
    assert swept(tenant) == 0
    assert tenant.catalog.read(before.asset_id, TENANT) == rebuilt


def test_what_lies_in_a_grave_is_left_to_purge(tenant: World) -> None:
    asset_id = uploaded(tenant)
    tenant.catalog.delete(asset_id, TENANT, tenant.clock())
    before = tenant.stored()

    assert swept(tenant) == 0
    assert tenant.stored() == before


def test_what_comes_after_the_purge_of_its_image_is_deleted(tenant: World) -> None:
    asset_id = uploaded(tenant)
    late = stray_beside(tenant, asset_id)
    tenant.catalog.delete(asset_id, TENANT, tenant.clock())
    tenant.now += timedelta(days=40)
    tenant.purge()
    tenant.renditions.put(late, b"late", "image/jpeg")

    swept(tenant)

    assert tenant.stored() == ({}, {})


def test_upload_that_waits_for_its_turn_stays(tenant: World) -> None:
    waiting(tenant)

    assert swept(tenant) == 0


def test_upload_whose_session_is_over_is_deleted(tenant: World) -> None:
    waiting(tenant)
    tenant.now += timedelta(days=40)

    assert swept(tenant) == 1


def test_second_upload_with_one_grant_is_deleted_when_its_news_was_lost(tenant: World) -> None:
    first = waiting(tenant)
    job_id, task_id = first.key.split("/")[2:]
    tenant.put(job_id, task_id, photo(2, 40, 40))
    tenant.run([first])

    assert swept(tenant) == 1
    assert list(tenant.stored()[0]) == [(first.key, first.version_id)]


def test_upload_that_failed_is_kept_as_long_as_it_can_be_retried(tenant: World) -> None:
    upload = waiting(tenant)
    with failing("GetObject"):
        for _ in range(MAX_ATTEMPTS):
            with suppress(Transient):
                tenant.validate(upload)

    assert swept(tenant) == 0
    tenant.now += timedelta(days=40)
    assert swept(tenant) == 1


def test_original_of_an_image_stays_when_its_session_is_long_gone(tenant: World) -> None:
    uploaded(tenant)
    before = tenant.stored()
    job_id = tenant.all_jobs()[0].job_id
    tenant.now += timedelta(days=40)
    tenant.jobs.delete(job_id)

    assert swept(tenant) == 0
    assert tenant.stored() == before


def test_delete_marker_is_removed_and_what_it_hides_is_there_again(tenant: World) -> None:
    asset = tenant.catalog.read(uploaded(tenant), TENANT)
    boto3.client("s3").delete_object(Bucket=tenant.cloud.originals_bucket, Key=asset.original.key)

    swept(tenant)

    assert tenant.originals.arrived(asset.original.key) == {
        asset.original.key: Original(asset.original.key, asset.original.version_id)
    }


def test_foreign_object_is_left_alone(tenant: World) -> None:
    tenant.renditions.put("renditions/notes.txt", b"not ours", "text/plain")

    assert swept(tenant) == 0


def test_hash_segment_that_its_list_has_passed_over_is_deleted(tenant: World) -> None:
    prefix = f"hashes/{TENANT}/{PROJECT}/1"
    for name in ("00000001-aa", "00000002-bb", "00000003-cc"):
        tenant.renditions.put(f"{prefix}/{name}", b"", "application/octet-stream")
    boto3.resource("dynamodb").Table(tenant.cloud.catalog_table).put_item(
        Item={
            "pk": f"HASHES#{TENANT}#{PROJECT}#1",
            "sk": "SEGMENTS",
            "revision": 2,
            "segments": [{"key": f"{prefix}/00000002-bb", "count": 1}],
            "retired": [],
        }
    )

    swept(tenant)

    left = {key.split("@")[0].rsplit("/", 1)[1] for key in tenant.objects(tenant.cloud.renditions_bucket)}
    assert left == {"00000002-bb", "00000003-cc"}, "the list may name the third yet"


def test_sweep_cut_off_after_any_call_is_ended_by_the_next(tenant: World) -> None:
    asset_id = uploaded(tenant)
    before, cut_after = tenant.stored(), 0
    while True:
        cut_after += 1
        stray_beside(tenant, asset_id)
        is_cut = died(cut_after, tenant.sweep)
        tenant.sweep()

        assert tenant.stored() == before
        if not is_cut:
            return


def test_nothing_is_deleted_where_too_much_belongs_to_nobody(tenant: World) -> None:
    _, uploads = tenant.upload(*(photo(seed, 40, 40) for seed in range(3)))
    tenant.run(uploads)
    for asset in tenant.all_assets():  # as if the catalog had been emptied
        boto3.resource("dynamodb").Table(tenant.cloud.catalog_table).delete_item(
            Key={"pk": f"ASSET#{asset.asset_id}", "sk": "ASSET"}
        )
    tenant.now += timedelta(days=40)
    before = tenant.stored()
    tenant.sweeping = replace(tenant.sweeping, most_strays=2)

    report = tenant.sweep()

    assert (report.strays_found, report.strays_deleted, len(report.errors)) == (30, 0, 2)
    assert tenant.stored() == before


def test_stray_that_cannot_be_deleted_is_told(tenant: World, capsys: pytest.CaptureFixture[str]) -> None:
    stray_beside(tenant, uploaded(tenant))

    with failing("DeleteObjects"):
        report = tenant.sweep()

    assert (report.strays_deleted, len(report.errors)) == (0, 1)
    assert '"PurgeFailures":[1.0]' in capsys.readouterr().out
    assert swept(tenant) == 1
