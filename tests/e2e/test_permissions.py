"""The whole path once more where every function may do only what its role allows."""

import json
from collections.abc import Iterator
from pathlib import Path

import boto3
import httpx
import pytest
from websockets.sync.client import connect

from darkroom import ApiError, Client, NewFile, compare_file, upload_files
from darkroom.actions import QualityOptions
from tests.e2e.conftest import PATIENCE_S, TOLD, age_graves, purge_at_night
from tests.pictures import photo
from tools.soak.watch import until
from tools.stack import Stack, aws_of, throwaway_stack

BUCKETS = ("OriginalsBucketName", "RenditionsBucketName")
EVERYTHING = QualityOptions(only_missing=False, batch_size=2)
ON_DEMAND = {"name": "asked", "stage": "variants", "box": [90, 90], "mode": "on_demand"}


@pytest.fixture(scope="module")
def guarded() -> Iterator[Stack]:
    with throwaway_stack(TOLD, enforces_iam=True) as stack:
        yield stack


@pytest.fixture(scope="module")
def without_tls(guarded: Stack) -> Stack:
    """The emulator speaks plain HTTP, which the buckets refuse; their policies are taken off to get any further."""
    with aws_of(guarded.aws_endpoint):
        for bucket in BUCKETS:
            boto3.client("s3").delete_bucket_policy(Bucket=guarded.outputs[bucket])
    return guarded


@pytest.fixture
def client(without_tls: Stack) -> Iterator[Client]:
    with Client(without_tls.api_url, without_tls.admin_key) as found:
        yield found


def test_buckets_refuse_whoever_comes_without_tls(guarded: Stack) -> None:
    with Client(guarded.api_url, guarded.tenant_key) as client:
        grant = client.create_upload("plain", [_declared(photo())]).uploads[0].upload
    assert grant is not None

    answer = httpx.post(grant.url, data=grant.fields, files={"file": ("x", photo())}, timeout=60)

    assert answer.status_code == 403


def test_every_function_is_allowed_what_it_does(client: Client, tmp_path: Path) -> None:
    for seed in range(3):
        (tmp_path / f"{seed}.jpg").write_bytes(photo(seed))
    (tmp_path / "bad.jpg").write_bytes(b"a shopping list")
    report = upload_files(client, [tmp_path], "guarded")
    client.plan_quality_job("guarded", EVERYTHING)
    job_id = client.start_quality_job("guarded", EVERYTHING).job_id
    assert until(lambda: client.get_job(job_id).is_ended, PATIENCE_S)
    job = client.get_job(job_id)
    client.retry_failed(job_id)
    client.cancel_job(job_id)
    client.cleanup_sessions()

    assert [verdict.outcome for verdict in report.verdicts] == ["created", "created", "created", "refused"]
    assert (job.processed, job.failed) == (3, 0)
    assert list(client.list_poison()) == []


def test_renditions_are_made_again_and_when_they_are_asked_for(client: Client, tmp_path: Path) -> None:
    (asset_id,) = _upload(client, tmp_path, "remade", [11])
    client.set_presets([ON_DEMAND], if_match=client.get_presets().etag)
    job_id = client.start_rebuild("remade", EVERYTHING).job_id
    assert until(lambda: client.get_job(job_id).is_ended, PATIENCE_S)

    assert client.get_job(job_id).processed == 1
    assert client.get_presets().presets[-1].name == ON_DEMAND["name"]
    assert until(lambda: _is_there(client, asset_id, "asked"), PATIENCE_S)


def test_image_is_compared_in_each_form(client: Client, tmp_path: Path) -> None:
    asset_id, other_id = _upload(client, tmp_path, "compared", [21, 22])
    large = tmp_path / "large.tif"
    large.write_bytes(photo(23, 2400, 2000, "TIFF"))

    assert client.compare_bytes(asset_id, photo(21), "image/jpeg").comparisons["original"].identical
    assert not client.compare_assets(asset_id, other_id).comparisons["original"].identical
    assert not compare_file(client, asset_id, large).comparisons["original"].identical


def test_project_is_listed_and_deleted_from(client: Client, tmp_path: Path) -> None:
    first, copy = _upload(client, tmp_path, "listed", [31, 31])
    assert until(lambda: next(client.list_duplicates("listed"), None) is not None, PATIENCE_S)

    client.delete_asset(first)
    assert until(lambda: next(client.list_duplicates("listed"), None) is None, PATIENCE_S)

    assert [asset.asset_id for asset in client.list_assets("listed")] == [copy]
    assert client.get_statistics("listed").assets == 1
    assert "listed" in {found.project for found in client.list_projects()}


def test_tenants_and_their_keys_are_kept(client: Client) -> None:
    tenant = client.create_tenant("another shop")
    key = client.create_key(["read"], tenant_id=tenant.tenant_id)
    client.rotate_key(key.key_id, grace_s=0)
    client.revoke_key(key.key_id)

    assert len(client.list_keys(tenant.tenant_id)) == 2
    assert tenant.tenant_id in {found.tenant_id for found in client.list_tenants()}
    assert client.get_metrics("another shop").asset_count == 0
    assert client.me().tenant_name in {found.tenant_name for found in client.list_metrics()}


def test_job_is_told_to_a_socket(client: Client) -> None:
    session = client.create_upload("told", [_declared(photo(41))])
    grant = session.uploads[0].upload
    assert grant is not None
    with connect(client.open_ticket().url, open_timeout=60, close_timeout=1) as socket:
        socket.send(json.dumps({"action": "subscribe", "job_id": session.job_id}))
        assert json.loads(socket.recv(60))["type"] == "snapshot"
        httpx.post(grant.url, data=grant.fields, files={"file": ("x", photo(41))}, timeout=60)
        told: set[str] = set()
        while "job:completed" not in told:
            told |= {entry["event"] for entry in json.loads(socket.recv(60)).get("events", [])}


def test_reconcile_is_allowed_what_it_does(without_tls: Stack) -> None:
    with aws_of(without_tls.aws_endpoint):
        answer = boto3.client("lambda").invoke(
            FunctionName=without_tls.outputs["ReconcileFunctionName"], Payload=json.dumps({})
        )

    assert "FunctionError" not in answer


def test_purge_is_allowed_what_it_does(client: Client, without_tls: Stack, tmp_path: Path) -> None:
    (asset_id,) = _upload(client, tmp_path, "purged", [51])
    client.delete_asset(asset_id)
    with aws_of(without_tls.aws_endpoint):
        age_graves(boto3.client, without_tls, asset_id, days=40)
        report = purge_at_night(boto3.client, without_tls)

    assert (report["deleted_count"], report["errors"], report["has_more"]) == (10, [], False)


def test_nobody_was_denied_anything(without_tls: Stack) -> None:
    """Last of all: what a function retries, or does for nobody to see, stands in its log."""
    with aws_of(without_tls.aws_endpoint):
        logs = boto3.client("logs")
        groups = [group["logGroupName"] for group in logs.describe_log_groups()["logGroups"]]
        said = [event["message"] for group in groups for event in logs.filter_log_events(logGroupName=group)["events"]]

    assert len(said) > len(groups) > 0
    assert [line for line in said if "AccessDenied" in line] == []


def _declared(body: bytes) -> NewFile:
    return NewFile("a.jpg", "image/jpeg", len(body))


def _upload(client: Client, folder: Path, project: str, seeds: list[int]) -> list[str]:
    """Upload one image for each seed, none of them the same bytes as another; their asset ids."""
    for number, seed in enumerate(seeds):
        (folder / f"{number}.jpg").write_bytes(photo(seed) + bytes(number))
    report = upload_files(client, [folder], project)
    return [verdict.asset_id or "" for verdict in report.verdicts]


def _is_there(client: Client, asset_id: str, preset: str) -> bool:
    try:
        client.get_rendition_url(asset_id, preset)
    except ApiError as error:
        if error.code == "not_ready":
            return False
        raise
    return True
