"""The audit, on a Darkroom in moto: it finds what was bent, and nothing else."""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from botocore.awsrequest import AWSResponse
from typer.testing import CliRunner

from darkroom.audit import Audit
from darkroom.audit_stack import AuditFailed
from darkroom.cli import app
from shared.domain.keys import creator_of
from tests.cloud import client, table
from tests.ledger import audited
from tests.pictures import photo
from tests.world import PROJECT, TENANT, World

LATER = time.time() + 40 * 86_400
Bend = Callable[[World], object]


@pytest.fixture
def busy(world: World) -> World:
    """Two images, one of them deleted, a duplicate and a refused file."""
    world.once(_be_busy)
    return world


def _be_busy(world: World) -> None:
    world.tenants.create(TENANT, "shop", world.now)
    _, uploads = world.upload(photo(1, 40, 40), photo(2, 40, 40), photo(1, 40, 40), b"no image")
    world.run(uploads)
    world.catalog.delete(world.all_assets()[0].asset_id, TENANT, world.clock())


def kinds(audit: Audit) -> list[str]:
    return sorted(difference.kind for difference in audit.differences)


def test_ledger_and_buckets_are_equal(busy: World) -> None:
    audit = audited(busy, LATER)

    [shop] = audit.tenants
    assert (audit.is_equal, shop.name, shop.objects, shop.in_flight) == (True, "shop", 20, 0)
    assert shop.bytes == sum(n for name, n in busy.usage().items() if name.endswith("_bytes"))


def test_equal_after_a_purge(busy: World) -> None:
    busy.now = busy.now.replace(year=2030)
    busy.purge()

    assert audited(busy, LATER).is_equal
    assert audited(busy, LATER).tenants[0].objects == 10


def _plant(world: World) -> object:
    key = world.all_assets()[0].original.key
    return client("s3").put_object(Bucket=world.cloud.originals_bucket, Key=key, Body=b"twice")


def _hide(world: World) -> object:
    return client("s3").delete_object(Bucket=world.cloud.originals_bucket, Key=world.all_assets()[0].original.key)


def _lose_rendition(world: World) -> object:
    return world.renditions.delete([world.all_assets()[0].renditions["card"].key])


def _lose_original(world: World) -> object:
    return world.originals.delete(world.all_assets()[0].original)


def _lose_buried(world: World) -> object:
    return world.renditions.delete([world.all_graves()[0].renditions[0].key])


def _bend_counter(world: World) -> object:
    return table(world.cloud.catalog_table).update_item(
        Key={"pk": f"USAGE#{TENANT}", "sk": "SHARD#03"},
        UpdateExpression="ADD asset_bytes :one",
        ExpressionAttributeValues={":one": 1},
    )


def _write_over(world: World) -> object:
    return world.renditions.put(world.all_assets()[0].renditions["card"].key, b"other bytes", "image/jpeg")


def _leave_segment(world: World) -> object:
    return world.renditions.put(f"hashes/{TENANT}/{PROJECT}/1/00000001-aa", b"1", "application/octet-stream")


BENT: dict[str, tuple[Bend, str]] = {
    "a second upload": (_plant, "object without owner"),
    "a delete marker": (_hide, "object without owner"),
    "a lost rendition": (_lose_rendition, "object gone"),
    "a lost original": (_lose_original, "object gone"),
    "a lost rendition of a grave": (_lose_buried, "object gone"),
    "a counter": (_bend_counter, "counter off"),
    "another size": (_write_over, "size differs"),
    "a hash segment": (_leave_segment, "object without owner"),
}


@contextmanager
def refusing(operation: str) -> Iterator[None]:
    """S3 answers 403."""

    def refuse(**_: Any) -> tuple[AWSResponse, dict[str, Any]]:
        found = {"Error": {"Code": "403", "Message": "Forbidden"}, "ResponseMetadata": {"HTTPStatusCode": 403}}
        return AWSResponse("https://aws", 403, {}, None), found

    events = client("s3").meta.events
    events.register(f"before-call.s3.{operation}", refuse)
    try:
        yield
    finally:
        events.unregister(f"before-call.s3.{operation}", refuse)


@pytest.mark.parametrize("what", sorted(BENT))
def test_what_differs_is_named(busy: World, what: str) -> None:
    bend, kind = BENT[what]
    bend(busy)

    audit = audited(busy, LATER)

    assert (audit.is_equal, kinds(audit)) == (False, [kind])
    assert audit.differences[0].tenant == TENANT


def test_difference_names_key_and_version(busy: World) -> None:
    original = busy.all_assets()[0].original
    _lose_original(busy)

    assert (
        audited(busy, LATER)
        .differences[0]
        .line.startswith(f"object gone: {original.key} version {original.version_id}: named by ASSET#")
    )


def test_lost_hash_segment_is_named(busy: World) -> None:
    table(busy.cloud.catalog_table).put_item(
        Item={
            "pk": f"HASHES#{TENANT}#{PROJECT}#1",
            "sk": "SEGMENTS",
            "revision": 2,
            "segments": [{"key": "hashes/lost", "count": 1}],
            "retired": ["hashes/deleted"],
        }
    )

    assert [difference.key for difference in audited(busy, LATER).differences] == ["hashes/lost"]


def test_upload_that_waits_is_no_difference(busy: World) -> None:
    session = busy.open_session([photo(3, 40, 40)])
    busy.put(session.job_id, session.uploads[0].task_id, photo(3, 40, 40))
    soon = busy.now.timestamp()

    [shop] = audited(busy, soon).tenants

    assert (shop.differences, shop.in_flight) == ([], 1)
    assert kinds(audited(busy, LATER)) == ["object without owner"], "long after its session"


def test_rendition_that_was_just_stored_is_no_difference(busy: World) -> None:
    asset = busy.all_assets()[0]
    busy.renditions.put(asset.renditions["card"].key.replace("card", "new"), b"new", "image/jpeg")

    assert audited(busy, time.time()).tenants[0].in_flight == 1
    assert kinds(audited(busy, LATER)) == ["object without owner"]


def test_audit_that_may_not_look_is_broken_off_and_finds_nothing_gone(busy: World) -> None:
    _lose_rendition(busy)

    with refusing("HeadObject"), pytest.raises(AuditFailed, match="Forbidden"):
        audited(busy, LATER)


def test_what_passes_by_itself_is_not_looked_at(busy: World) -> None:
    for prefix in ("scratch", "manifests"):
        client("s3").put_object(Bucket=busy.cloud.originals_bucket, Key=f"{prefix}/{TENANT}/x", Body=b"x")

    assert audited(busy, LATER).is_equal


def test_by_creator_finds_the_asset_and_its_graves(busy: World) -> None:
    job_id = busy.all_jobs()[0].job_id
    owners = [
        busy.catalog.owns_original(creator_of(job_id, f"t{n:05d}"), asset.original)
        for asset in busy.all_assets()
        for n in range(3)
    ]

    assert owners.count(True) == 1


@pytest.fixture
def local(busy: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    """A folder with a running stack's description."""
    cloud = busy.cloud
    outputs = {
        "CatalogTableName": cloud.catalog_table,
        "JobsTableName": cloud.jobs_table,
        "OriginalsBucketName": cloud.originals_bucket,
        "RenditionsBucketName": cloud.renditions_bucket,
    }
    (tmp_path / ".local").mkdir()
    stack = {"region": "us-east-1", "aws_endpoint": "https://s3.amazonaws.com", "outputs": outputs}
    (tmp_path / ".local" / "stack.json").write_text(json.dumps(stack | {"aws_endpoint": None}))
    monkeypatch.chdir(tmp_path)
    return busy


def run(*words: str) -> Any:
    return CliRunner().invoke(app, ["admin", "audit", *words])


def test_command_says_that_all_is_equal(local: World) -> None:
    result = run()

    assert result.exit_code == 0
    assert result.stdout.startswith("shop: 1 assets, 20 objects, ")
    assert result.stdout.endswith("equal\n")


def test_command_fails_when_something_differs(local: World) -> None:
    _lose_original(local)

    result = run("--json")

    assert result.exit_code == 1
    found = json.loads(result.stdout)
    assert not found["is_equal"]
    assert [row["kind"] for row in found["tenants"][0]["differences"]] == ["object gone"]


def test_command_without_a_stack_says_how(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)

    result = run()

    assert result.exit_code == 1
    assert "--stack-name" in str(result.exception)
