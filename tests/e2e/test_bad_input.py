"""Rubbish in, on the deployed template: a typed answer, and nothing half-made."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from darkroom import ApiError, Client, NewFile, upload_files
from shared.domain.access import ApiKey, Scope, hash_secret
from shared.domain.keys import OriginalKey
from shared.stores.dynamo import dynamodb
from shared.stores.tenants import TenantStore
from tests.e2e.conftest import PATIENCE_S, Aws, Demo
from tests.e2e.test_demo_set import wait_until_quiet
from tests.pictures import photo
from tools.soak.watch import until
from tools.stack import Stack

SECRET = "s" * 43
FILE = NewFile("beach.jpg", "image/jpeg", len(photo()))


@pytest.fixture
def tenants(stack: Stack, aws: Aws) -> TenantStore:
    dynamodb.cache_clear()
    return TenantStore(stack.outputs["CatalogTableName"])


NO_JOB = "/v1/uploads/job_00000000000000000000000000"


def answer_to(stack: Stack, key: str | None, path: str = NO_JOB) -> httpx.Response:
    headers = {"Authorization": f"Bearer {key}"} if key is not None else {}
    return httpx.get(stack.api_url + path, headers=headers, timeout=60)


def test_missing_key_is_unauthorized(stack: Stack) -> None:
    assert answer_to(stack, None).status_code == 401


@pytest.mark.parametrize("key", ["nonsense", "dk_0123456789abcdef_" + SECRET])
def test_wrong_key_gets_a_typed_401(stack: Stack, key: str) -> None:
    answer = answer_to(stack, key)

    assert (answer.status_code, answer.json()["code"]) == (401, "invalid_key")


def test_expired_and_revoked_keys_get_a_typed_401(stack: Stack, tenants: TenantStore) -> None:
    past = datetime.now(UTC) - timedelta(minutes=1)
    tenants.save_key(ApiKey("e" * 16, hash_secret(SECRET), "t", frozenset(Scope), expires_at=past))
    tenants.save_key(ApiKey("f" * 16, hash_secret(SECRET), "t", frozenset(Scope), revoked_at=past))

    codes = [answer_to(stack, f"dk_{letter * 16}_{SECRET}").json()["code"] for letter in "ef"]

    assert codes == ["expired_key", "revoked_key"]


def test_another_tenants_key_sees_nothing(stack: Stack, tenants: TenantStore, demo: Demo) -> None:
    tenants.save_key(ApiKey("a" * 16, hash_secret(SECRET), "tenant_stranger", frozenset(Scope)))
    job_id, asset_id = demo.report.jobs[0].job_id, demo.report.verdicts[0].asset_id

    answers = [
        answer_to(stack, f"dk_{'a' * 16}_{SECRET}", path)
        for path in (f"/v1/uploads/{job_id}", f"/v1/jobs/{job_id}", f"/v1/assets/{asset_id}")
    ]

    assert [answer.status_code for answer in answers] == [404, 404, 404]


def test_rendition_redirects_without_a_body(stack: Stack, demo: Demo) -> None:
    asset_id = demo.report.verdicts[0].asset_id

    answer = answer_to(stack, stack.tenant_key, f"/v1/assets/{asset_id}/renditions/thumb")

    assert (answer.status_code, answer.content) == (302, b"")
    assert httpx.get(answer.headers["Location"], timeout=60).headers["Content-Type"] == "image/jpeg"


def test_unchanged_progress_answers_304(stack: Stack, demo: Demo) -> None:
    path = f"/v1/uploads/{demo.report.jobs[0].job_id}"
    etag = answer_to(stack, stack.tenant_key, path).headers["ETag"]

    again = httpx.get(
        stack.api_url + path, headers={"Authorization": f"Bearer {stack.tenant_key}", "If-None-Match": etag}, timeout=60
    )

    assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize(
    ("changes", "body"),
    [
        ({}, photo() + b"one byte more"),
        ({}, b"less"),
        ({"key": "originals/elsewhere"}, photo()),
        ({"Content-Type": "text/html"}, photo()),
    ],
    ids=["too long", "too short", "another key", "another type"],
)
def test_grant_takes_only_what_it_names(client: Client, changes: dict[str, str], body: bytes) -> None:
    task = client.create_upload("grants", [FILE]).uploads[0]
    assert task.upload is not None

    answer = httpx.post(
        task.upload.url, data={**task.upload.fields, **changes}, files={"file": ("x", body)}, timeout=60
    )

    assert answer.status_code in {400, 403}


def test_second_upload_to_a_used_grant_is_deleted(client: Client, stack: Stack, aws: Aws) -> None:
    first, second = photo(101), photo(102, format="PNG")[: len(photo(101))].ljust(len(photo(101)), b"\0")
    session = client.create_upload("twice", [NewFile("a.jpg", "image/jpeg", len(first))])
    grant = session.uploads[0].upload
    assert grant is not None

    httpx.post(grant.url, data=grant.fields, files={"file": ("x", first)}, timeout=60).raise_for_status()
    assert until(lambda: client.get_job(session.job_id).is_ended, PATIENCE_S)
    (kept,) = versions_of(aws, stack, grant.fields["key"])
    httpx.post(grant.url, data=grant.fields, files={"file": ("x", second)}, timeout=60).raise_for_status()

    assert until(lambda: versions_of(aws, stack, grant.fields["key"]) == [kept], PATIENCE_S)
    job = client.get_job(session.job_id)
    assert job is not None
    assert (job.processed, job.failed) == (1, 0)


def test_upload_for_a_session_that_never_was_is_deleted(stack: Stack, aws: Aws) -> None:
    key = str(OriginalKey("tenant_00000000000000000000000000", "job_00000000000000000000000000", "t00000"))
    aws("s3").put_object(Bucket=stack.outputs["OriginalsBucketName"], Key=key, Body=photo())

    assert until(lambda: versions_of(aws, stack, key) == [], PATIENCE_S)


def versions_of(aws: Aws, stack: Stack, key: str) -> list[str]:
    listed = aws("s3").list_object_versions(Bucket=stack.outputs["OriginalsBucketName"], Prefix=key)
    return [found["VersionId"] for found in listed.get("Versions", [])]


@pytest.mark.parametrize("body", ["junk", "[]", '{"Records": [7]}', json.dumps({"Event": "s3:TestEvent"})])
@pytest.mark.parametrize("queue", ["ValidationQueueUrl", "RenditionsQueueUrl", "QualityQueueUrl"])
def test_junk_in_a_queue_is_acknowledged(stack: Stack, aws: Aws, queue: str, body: str) -> None:
    aws("sqs").send_message(QueueUrl=stack.outputs[queue], MessageBody=body)

    wait_until_quiet(aws, stack, timeout_s=60)


def test_wrong_fields_are_a_problem_by_field(client: Client) -> None:
    with pytest.raises(ApiError) as refused:
        client.create_upload("no spaces allowed", [FILE])

    assert (refused.value.status, refused.value.code) == (422, "invalid_request")


def test_same_folder_again_sends_nothing(client: Client, demo: Demo, tmp_path: Path) -> None:
    again = upload_files(client, [demo.folder], "demo")

    outcomes = {verdict.file.path.name: verdict.outcome for verdict in again.verdicts}
    assert outcomes["cat.jpg"] == outcomes["rocket_on_its_side.jpg"] == "exists"
