"""The whole path once more where every function may do only what its role allows."""

import json
import time
from collections.abc import Iterator
from pathlib import Path

import boto3
import httpx
import pytest

from darkroom import Client, NewFile, upload_files
from darkroom.actions import QualityOptions
from tests.pictures import photo
from tools.stack import Stack, aws_of, throwaway_stack

BUCKETS = ("OriginalsBucketName", "RenditionsBucketName")


@pytest.fixture(scope="module")
def guarded() -> Iterator[Stack]:
    with throwaway_stack(enforces_iam=True) as stack:
        yield stack


@pytest.fixture(scope="module")
def without_tls(guarded: Stack) -> Stack:
    """The emulator speaks plain HTTP, which the buckets refuse; their policies are taken off to get any further."""
    with aws_of(guarded.aws_endpoint):
        for bucket in BUCKETS:
            boto3.client("s3").delete_bucket_policy(Bucket=guarded.outputs[bucket])
    return guarded


def test_buckets_refuse_whoever_comes_without_tls(guarded: Stack) -> None:
    with Client(guarded.api_url, guarded.tenant_key) as client:
        grant = client.create_upload("plain", [_declared(photo())]).uploads[0].upload
    assert grant is not None

    answer = httpx.post(grant.url, data=grant.fields, files={"file": ("x", photo())}, timeout=60)

    assert answer.status_code == 403


def test_every_function_is_allowed_what_it_does(without_tls: Stack, tmp_path: Path) -> None:
    stack = without_tls
    for seed in range(3):
        (tmp_path / f"{seed}.jpg").write_bytes(photo(seed))
    (tmp_path / "bad.jpg").write_bytes(b"a shopping list")
    with Client(stack.api_url, stack.admin_key) as client:
        report = upload_files(client, [tmp_path], "guarded")
        everything = QualityOptions(only_missing=False, batch_size=2)
        client.plan_quality_job("guarded", everything)
        job_id = client.start_quality_job("guarded", everything).job_id
        deadline = time.monotonic() + 60
        while not (job := client.get_job(job_id)) or not job.is_ended:
            assert time.monotonic() < deadline
            time.sleep(0.5)
        client.retry_failed(job_id)
        client.cancel_job(job_id)
        client.cleanup_sessions()
        assert list(client.list_poison()) == []

    assert [verdict.outcome for verdict in report.verdicts] == ["created", "created", "created", "refused"]
    assert (job.processed, job.failed) == (3, 0)


def test_reconcile_is_allowed_what_it_does(without_tls: Stack) -> None:
    with aws_of(without_tls.aws_endpoint):
        answer = boto3.client("lambda").invoke(
            FunctionName=without_tls.outputs["ReconcileFunctionName"], Payload=json.dumps({})
        )

    assert "FunctionError" not in answer


def _declared(body: bytes) -> NewFile:
    return NewFile("a.jpg", "image/jpeg", len(body))
