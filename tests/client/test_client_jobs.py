"""Jobs by the client and by the command: listed, cancelled, retried, redriven, cleaned up."""

import json
from typing import Any

import pytest

from darkroom import ApiError, Client, QualityOptions, Reopened
from darkroom.actions import CancelReceipt
from darkroom.job_tables import receipt_lines
from darkroom.watching import EndedTasks, read_job
from tests.client.conftest import Run
from tests.client.fake_api import FakeApi

POISON = {
    "poison_id": "p1", "job_id": "q0", "task_id": "t1", "asset_id": "s1", "stage": "quality", "code": "worker_died",
    "detail": "It never ended", "attempts": 4, "failed_at": "2025-01-01T00:00:00.5Z", "new_field": 1,
}  # fmt: skip


def reopened(number: int, *, has_more: bool = False, **left: int) -> dict[str, Any]:
    return {"job_id": "q0", "status": "processing", "reopened": number, "left": left, "has_more": has_more,
            "message": "Nothing had failed."}  # fmt: skip


def test_options_of_a_quality_job_reach_the_server(client: Client, api: FakeApi) -> None:
    started = client.start_quality_job("p", QualityOptions(10, 2000, only_missing=False, resume=True))

    assert (started.job_id, started.total_images) == ("q0", 4)
    assert api.asked == [{"batch_size": "10", "delay_ms": "2000", "only_missing": "false", "resume": "true"}]


def test_dry_run_starts_nothing(client: Client, api: FakeApi) -> None:
    plan = client.plan_quality_job("p")

    assert (plan.total_images, plan.batches, plan.expected_s) == (4, 2, 75.0)
    assert [(image.filename, image.code) for image in plan.sample.would_fail] == [("bad.jpg", "original_gone")]
    assert api.jobs == {}


def test_second_quality_job_is_refused_with_the_id_of_the_first(client: Client, api: FakeApi) -> None:
    client.start_quality_job("p")

    with pytest.raises(ApiError) as caught:
        client.start_quality_job("p")

    assert (caught.value.status, caught.value.code, caught.value.job_id) == (409, "job_active", "q0")


def test_total_is_none_while_the_images_are_listed(client: Client, api: FakeApi) -> None:
    api.freezes = 2

    started = client.start_quality_job("p")
    progress = client.get_quality_progress("p")

    assert started.total_images is None
    assert progress is not None
    assert (progress.total, progress.remaining, progress.is_ended) == (None, 0, False)


def test_project_without_a_quality_job_has_no_progress(client: Client, api: FakeApi) -> None:
    assert client.get_quality_progress("p") is None


def test_jobs_of_all_pages_are_listed_newest_first(client: Client, api: FakeApi) -> None:
    api.page, api.images = 2, []
    for _ in range(5):
        client.start_quality_job("p")

    assert [job.job_id for job in client.list_jobs("p")] == ["q4", "q3", "q2", "q1", "q0"]


def test_changed_tasks_come_page_by_page_and_each_once(client: Client, api: FakeApi) -> None:
    api.page = 2
    client.start_quality_job("p")
    ended = EndedTasks(client, "q0", since=0)
    before = read_job(client, "q0")
    api.jobs["q0"].end_next(2)

    # This listing runs ahead of its snapshot, so the server gives two of its tasks again.
    first = [task.filename for task in ended.read(before)]
    second = [task.filename for task in ended.read(read_job(client, "q0"))]

    assert first == ["a.jpg", "b.jpg", "bad.jpg"]
    assert second == ["d.jpg"]


def test_jobs_are_listed_as_a_table(run: Run, client: Client, api: FakeApi) -> None:
    api.pace = 4
    client.start_quality_job("p")
    client.get_job("q0")
    client.start_quality_job("p")

    said = run("jobs", "--project", "p")

    assert said.status == 0
    assert said.out.index("q1") < said.out.index("q0")
    assert "4/4" in said.out
    assert "0/4" in said.out
    assert "4 s" in said.out


def test_jobs_are_limited_and_given_as_json(run: Run, client: Client, api: FakeApi) -> None:
    api.images = []
    client.start_quality_job("p")
    client.start_quality_job("p")

    said = run("jobs", "-p", "p", "--limit", "1", "--json")

    assert [job["job_id"] for job in json.loads(said.out)] == ["q1"]


def test_project_without_jobs_says_so(run: Run) -> None:
    said = run("jobs", "-p", "p")

    assert (said.status, said.out, said.err) == (0, "", "project p has no jobs\n")


@pytest.mark.parametrize("which", [["q0"], ["--project", "p"]])
def test_cancel_prints_a_receipt_that_adds_up(run: Run, client: Client, api: FakeApi, which: list[str]) -> None:
    client.start_quality_job("p")
    api.jobs["q0"].end_next(1)

    said = run("cancel", *which)

    assert said.status == 0
    assert said.out == (
        "job q0 cancelled\n"
        "4 images = 1 succeeded + 0 failed + 2 skipped + 1 in flight\n"
        "what is in flight finishes and counts\n"
    )


def test_nothing_to_cancel_is_said_and_no_error(run: Run, client: Client, api: FakeApi) -> None:
    api.pace = 4
    client.start_quality_job("p")
    client.get_job("q0")

    by_project, by_job = run("cancel", "-p", "p"), run("cancel", "q0")

    assert (by_project.status, by_project.out) == (0, "nothing to cancel: no job is running\n")
    assert by_job.status == 0
    assert by_job.out.startswith("nothing to cancel: the job is completed\n4 images = 3 succeeded + 1 failed")


def test_receipt_that_does_not_add_up_is_not_called_a_sum() -> None:
    receipt = CancelReceipt(cancelled=True, status="cancelled", job_id="q0", total=9, processed=3, failed=1)

    assert not receipt.has_right_sum
    assert receipt_lines(receipt)[1] == "9 images but 3 succeeded + 1 failed + 0 skipped + 0 in flight"


@pytest.mark.parametrize("arguments", [["cancel"], ["cancel", "q0", "-p", "p"], ["retry"], ["retry", "--task", "t1"]])
def test_command_that_names_no_one_target_is_a_wrong_command_line(run: Run, arguments: list[str]) -> None:
    assert run(*arguments).status == 2


def test_retry_goes_on_while_there_is_more_and_adds_up(run: Run, api: FakeApi) -> None:
    api.reopened = [reopened(500, has_more=True, refused=3), reopened(20, refused=4, expired=1)]

    said = run("retry", "q0")

    assert said.status == 0
    assert said.out == (
        "520 tasks reopened in job q0\n"
        "4 left, refused: the image itself is at fault\n"
        "1 left, expired: its upload never came\n"
    )
    assert api.count("POST", "/v1/jobs/q0/retry-failed") == 2


def test_retry_that_reopens_nothing_does_not_go_round_for_ever(run: Run, api: FakeApi) -> None:
    api.reopened = [reopened(0, has_more=True, refused=500)]

    said = run("retry", "q0")

    assert said.out.startswith("0 tasks reopened in job q0\n500 left")
    assert "run it again later" in said.err


@pytest.mark.parametrize(
    ("arguments", "path"),
    [
        (["retry", "q0", "--task", "t1"], "/v1/jobs/q0/tasks/t1/retry"),
        (["retry", "--asset", "a1"], "/v1/assets/a1/retry"),
        (["poison", "redrive", "p1"], "/v1/poison/p1/redrive"),
    ],
)
def test_one_task_asset_or_poison_record_is_retried(run: Run, api: FakeApi, arguments: list[str], path: str) -> None:
    api.reopened = [reopened(1)]

    said = run(*arguments)

    assert said.out == "1 task reopened in job q0\n"
    assert api.count("POST", path) == 1


def test_reasons_unknown_to_this_client_are_kept() -> None:
    answer = Reopened.parse(reopened(0, hologram=2))

    assert answer.left == {"hologram": 2}


def test_poison_is_listed_as_a_table_and_as_json(run: Run, api: FakeApi) -> None:
    api.poison = [POISON, POISON | {"poison_id": "p2"}]
    api.page = 1

    table, listed = run("poison"), run("poison", "--json")

    assert "worker_died: It never ended" in table.out
    assert "2025-01-01 00:00:00 UTC" in table.out
    assert [record["poison_id"] for record in json.loads(listed.out)] == ["p1", "p2"]


def test_no_poison_is_said(run: Run) -> None:
    said = run("poison")

    assert (said.status, said.err) == (0, "there are no poison records\n")


def test_cleanup_goes_on_while_there_is_more_and_adds_up(run: Run, api: FakeApi) -> None:
    api.cleanups = [
        {"removed_jobs": 3, "removed_tasks": 1_000, "has_more": True, "next_cursor": "b"},
        {"removed_jobs": 0, "removed_tasks": 0, "has_more": True, "next_cursor": "c"},
        {"removed_jobs": 1, "removed_tasks": 200, "has_more": False},
    ]

    said = run("admin", "cleanup")

    assert (said.status, said.out) == (0, "4 jobs and 1,200 tasks removed\n")
    assert api.cleaned_from == [None, "b", "c"]
