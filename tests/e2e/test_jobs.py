"""Jobs over a project on the deployed template, through the client and its command."""

import subprocess
import sys
import time
from collections import Counter
from datetime import datetime, timedelta

import httpx
import pytest

from darkroom import ApiError, Client
from darkroom.actions import QualityOptions
from tests.e2e.conftest import PATIENCE_S, Aws, Demo
from tools.soak.watch import until
from tools.stack import Stack

EVERYTHING = QualityOptions(only_missing=False, batch_size=4)


def is_at_rest(client: Client, job_id: str) -> bool:
    """Whether a job has ended, with no task at work and each that was counted."""
    job, tasks = client.get_job(job_id), Counter(task.status for task in client.list_tasks(job_id))
    work = (tasks["processing"], tasks["completed"], tasks["failed"])
    return job is not None and job.is_ended and (0, job.processed, job.failed) == work


def darkroom(stack: Stack, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "darkroom", "--url", stack.api_url, "--key", stack.tenant_key, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=PATIENCE_S)


def test_backfill_scores_every_image_and_says_so(stack: Stack, client: Client, demo: Demo) -> None:
    ended = darkroom(stack, "backfill", "--project", "demo", "--all", "--batch-size", "5", "--yes")

    latest = client.get_quality_progress("demo")
    assert ended.returncode == 0, ended.stderr
    assert latest is not None
    assert (latest.status, latest.total, latest.processed) == ("completed", 13, 13)


def test_backfill_has_nothing_left_to_score(stack: Stack, demo: Demo) -> None:
    ended = darkroom(stack, "backfill", "--project", "demo", "--yes")

    assert ended.returncode == 0, ended.stderr


def test_dry_run_foresees_the_job(client: Client, demo: Demo) -> None:
    forecast = client.plan_quality_job("demo", EVERYTHING)

    assert (forecast.total_images, forecast.batches) == (13, 4)
    assert forecast.sample.would_fail == ()


def test_second_start_is_refused_with_the_live_job(client: Client, demo: Demo) -> None:
    slow = QualityOptions(only_missing=False, batch_size=1, delay_ms=2000)
    started = client.start_quality_job("demo", slow)

    with pytest.raises(ApiError) as refused:
        client.start_quality_job("demo", slow)
    receipt = client.cancel_quality_job("demo")

    assert (refused.value.status, refused.value.job_id) == (409, started.job_id)
    assert receipt.cancelled
    assert receipt.processed + receipt.failed + receipt.skipped + receipt.in_flight == receipt.total == 13


def test_nothing_new_starts_within_two_seconds_of_the_cancel(client: Client, demo: Demo) -> None:
    job_id = client.start_quality_job("demo", QualityOptions(only_missing=False, batch_size=1, delay_ms=1000)).job_id
    assert until(lambda: client.get_job(job_id).processed > 0, PATIENCE_S)

    client.cancel_job(job_id)
    assert until(lambda: is_at_rest(client, job_id), PATIENCE_S)
    settled, tasks = client.get_job(job_id), list(client.list_tasks(job_id))
    time.sleep(3)

    assert settled is not None
    assert client.get_job(job_id) == settled
    assert settled.processed + settled.failed + settled.skipped == settled.total
    assert settled.skipped > 0
    last_start = max(datetime.fromisoformat(task.started_at) for task in tasks if task.started_at)
    assert last_start < datetime.fromisoformat(settled.completed_at or "") + timedelta(seconds=2)


def test_reconcile_runs_as_deployed(stack: Stack, demo: Demo, aws: Aws) -> None:
    answer = aws("lambda").invoke(FunctionName=stack.outputs["ReconcileFunctionName"], Payload=b"{}")

    assert "FunctionError" not in answer


def test_expired_sessions_are_cleaned_up_by_admins_only(stack: Stack, demo: Demo) -> None:
    url = f"{stack.api_url}/v1/admin/cleanup-sessions"

    answers = [
        httpx.post(url, headers={"Authorization": f"Bearer {key}"}, timeout=60)
        for key in (stack.tenant_key, stack.admin_key)
    ]

    assert [answer.status_code for answer in answers] == [403, 200]
    assert answers[1].json()["removed_jobs"] == 0
