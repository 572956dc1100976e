"""The routes of jobs over a project, of cancelling and of trying again."""

from datetime import UTC, datetime

import pytest

from shared.domain.task import TaskStatus
from shared.rest import PROBLEM
from tests.crashes import watched
from tests.functions.conftest import Api
from tests.pictures import photo
from tests.world import PROJECT, TENANT, World

ANALYTICS = f"/v1/projects/{PROJECT}/analytics"
START_JOB, PROGRESS, CANCEL = (
    f"{ANALYTICS}/start-quality-job",
    f"{ANALYTICS}/quality-progress",
    f"{ANALYTICS}/cancel-quality-job",
)
STRANGER = {"tenant": "tenant_zzzzzzzzzzzzzzzzzzzzzzzzzz", "scopes": "read write"}
READER = {"tenant": TENANT, "scopes": "read"}
WRITER = {"tenant": TENANT, "scopes": "write"}
NO_SUCH_JOB = "job_00000000000000000000000000"
SMALL = (40, 40)


@pytest.fixture
def images(now: World) -> World:
    """A project of two images that are validated and not scored."""
    now.once(_validate_two)
    return now


def _validate_two(now: World) -> None:
    _, uploads = now.upload(photo(1, *SMALL), photo(2, *SMALL))
    for uploaded in uploads:
        now.validate(uploaded)
    now.sent("QualityQueue")
    now.project()


def receipt(body: dict[str, int]) -> list[int]:
    return [body[name] for name in ("total", "processed", "failed", "skipped", "in_flight")]


# ── Starting ──────────────────────────────────────────────────────────────────────────────────────────────────


def test_quality_job_says_at_once_how_many_images_it_has(api: Api, images: World) -> None:
    answer = api("POST", START_JOB)

    job = images.jobs.read(answer.body["job_id"], datetime.now(UTC))
    assert (answer.status, answer.body["total_images"], answer.body["status"]) == (201, 2, "pending")
    assert (job.total, len(images.sent("DispatchQueue"))) == (2, 1)


def test_quality_job_over_nothing_is_completed_at_once(api: Api, now: World) -> None:
    answer = api("POST", START_JOB)

    assert (answer.status, answer.body["total_images"], answer.body["status"]) == (201, 0, "completed")
    assert now.sent("DispatchQueue") == []


def test_options_of_a_quality_job_are_kept(api: Api, images: World) -> None:
    query = {"batch_size": "1", "delay_ms": "30000", "only_missing": "false"}

    started = api("POST", START_JOB, query=query)

    dispatch = images.jobs.read_dispatch(started.body["job_id"])
    assert dispatch
    assert vars(dispatch.options) == {"batch_size": 1, "delay_ms": 30_000, "only_missing": False}


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("batch_size", "0"),
        ("batch_size", "51"),
        ("batch_size", "many"),
        ("delay_ms", "-1"),
        ("delay_ms", "30001"),
        ("dry_run", "perhaps"),
        ("only_missing", "2"),
        ("resume", ""),
    ],
)
def test_wrong_option_is_refused_by_name_and_starts_nothing(api: Api, images: World, option: str, value: str) -> None:
    with watched() as calls:
        answer = api("POST", START_JOB, query={option: value})

    assert (answer.status, answer.body["code"]) == (422, "invalid_request")
    assert [error["loc"] for error in answer.body["errors"]] == [["query", option]]
    assert calls.made == []


def test_second_start_names_the_job_at_work(api: Api, images: World) -> None:
    first = api("POST", START_JOB).body["job_id"]

    with watched() as calls:
        second = api("POST", START_JOB)

    assert (second.status, second.body["code"], second.body["job_id"]) == (409, "job_active", first)
    assert second.headers["Content-Type"] == PROBLEM
    assert calls.made == []


def test_job_active_is_a_matter_of_one_project(api: Api, images: World) -> None:
    api("POST", START_JOB)

    elsewhere = api("POST", START_JOB.replace(PROJECT, "other"))

    assert elsewhere.status == 201


def test_dry_run_tells_what_a_job_would_do_and_writes_nothing(api: Api, images: World) -> None:
    with watched() as calls:
        answer = api("POST", START_JOB, query={"dry_run": "true", "batch_size": "1"}, authorizer=READER)

    assert (answer.status, answer.body["dry_run"], answer.body["job_id"]) == (200, True, None)
    assert (answer.body["total_images"], answer.body["batches"]) == (2, 2)
    assert answer.body["sample"] == {"size": 2, "would_fail": []}
    assert calls.made == []


def test_dry_run_names_an_image_whose_original_is_gone(api: Api, images: World) -> None:
    job_id, (uploaded,) = images.upload(photo(3, *SMALL))
    images.validate(uploaded)
    asset = images.catalog.read(images.task(job_id).asset_id or "", TENANT)
    images.originals.delete(asset.original)

    sample = api("POST", START_JOB, query={"dry_run": "true"}).body["sample"]

    assert [(found["asset_id"], found["code"]) for found in sample["would_fail"]] == [(asset.asset_id, "original_gone")]


def test_dry_run_beside_a_job_at_work_leaves_it_alone(api: Api, images: World) -> None:
    started = api("POST", START_JOB).body["job_id"]
    before = images.jobs.read(started, datetime.now(UTC))

    with watched() as calls:
        answer = api("POST", START_JOB, query={"dry_run": "true"})

    assert answer.status == 200
    assert calls.made == []
    assert images.jobs.read(started, datetime.now(UTC)) == before


def test_resume_of_a_project_without_a_job_starts_one(api: Api, images: World) -> None:
    answer = api("POST", START_JOB, query={"resume": "true"})

    assert (answer.status, answer.body["total_images"]) == (201, 2)


# ── Reading ───────────────────────────────────────────────────────────────────────────────────────────────────


def test_project_without_a_quality_job_is_idle(api: Api, now: World) -> None:
    answer = api("GET", PROGRESS)

    assert (answer.status, answer.body["status"], answer.body["total"]) == (200, "idle", 0)


def test_quality_progress_is_that_of_the_job(api: Api, images: World) -> None:
    started = api("POST", START_JOB).body["job_id"]
    images.work_off()

    progress = api("GET", PROGRESS).body

    assert (progress["job_id"], progress["kind"], progress["status"]) == (started, "quality", "completed")
    assert (progress["total"], progress["processed"], progress["progress_pct"]) == (2, 2, 100.0)


def test_jobs_of_a_project_come_newest_first_and_of_every_kind(api: Api, images: World) -> None:
    images.sleep(1)
    started = api("POST", START_JOB).body["job_id"]

    jobs = api("GET", f"/v1/projects/{PROJECT}/jobs").body

    assert {job["kind"] for job in jobs["jobs"]} == {"upload", "quality"}
    assert started in [job["job_id"] for job in jobs["jobs"]]
    assert [job["job_id"] for job in jobs["jobs"]] == sorted((job["job_id"] for job in jobs["jobs"]), reverse=True)
    assert jobs["next_cursor"] is None


def test_jobs_after_a_cursor_are_older(api: Api, images: World) -> None:
    newest, *older = api("GET", f"/v1/projects/{PROJECT}/jobs").body["jobs"] + [None]

    after = api("GET", f"/v1/projects/{PROJECT}/jobs", query={"cursor": newest["job_id"]}).body["jobs"]

    assert older == [None]
    assert after == []


def test_cursor_of_jobs_is_one_of_ours(api: Api, now: World) -> None:
    answer = api("GET", f"/v1/projects/{PROJECT}/jobs", query={"cursor": "x"})

    assert (answer.status, answer.body["code"]) == (400, "invalid_id")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/v1/projects/-/jobs"),
        ("POST", START_JOB.replace(PROJECT, "-")),
        ("GET", PROGRESS.replace(PROJECT, "a" * 65)),
        ("POST", CANCEL.replace(PROJECT, "-")),
    ],
)
def test_what_is_no_projects_name_is_refused(api: Api, now: World, method: str, path: str) -> None:
    answer = api(method, path)

    assert (answer.status, answer.body["code"]) == (422, "invalid_request")


# ── Cancelling ────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("by", ["project", "job"])
def test_receipt_of_a_cancelled_job_adds_up(api: Api, images: World, by: str) -> None:
    started = api("POST", START_JOB).body["job_id"]

    answer = api("POST", CANCEL if by == "project" else f"/v1/jobs/{started}/cancel")

    assert (answer.status, answer.body["job_id"], answer.body["cancelled"]) == (200, started, True)
    assert answer.body["status"] == "cancelled"
    assert receipt(answer.body) == [2, 0, 0, 2, 0]


def test_cancelling_twice_says_so_and_changes_nothing(api: Api, images: World) -> None:
    started = api("POST", START_JOB).body["job_id"]
    first = api("POST", f"/v1/jobs/{started}/cancel").body

    with watched() as calls:
        second = api("POST", f"/v1/jobs/{started}/cancel")

    assert (second.status, second.body["cancelled"], second.body["status"]) == (200, False, "cancelled")
    assert receipt(second.body) == receipt(first)
    assert calls.made == []


def test_project_without_a_job_has_nothing_to_cancel(api: Api, now: World) -> None:
    answer = api("POST", CANCEL)

    assert (answer.status, answer.body["cancelled"], answer.body["status"]) == (200, False, "idle")
    assert answer.body["job_id"] is None


def test_new_job_can_follow_a_cancelled_one(api: Api, images: World) -> None:
    first = api("POST", START_JOB).body["job_id"]
    api("POST", CANCEL)

    second = api("POST", START_JOB)

    assert (second.status, second.body["job_id"] != first) == (201, True)


# ── Trying again ──────────────────────────────────────────────────────────────────────────────────────────────


def test_failed_images_of_a_job_are_tried_again(api: Api, now: World, given_up: str) -> None:
    answer = api("POST", f"/v1/jobs/{given_up}/retry-failed")

    assert (answer.status, answer.body["reopened"], answer.body["status"]) == (200, 1, "processing")
    assert (answer.body["left"], answer.body["has_more"]) == ({"refused": 0, "expired": 0}, False)
    now.now = datetime.now(UTC)
    now.work_off()
    assert now.job(given_up).counts[TaskStatus.COMPLETED] == 1


def test_retry_leaves_what_was_refused_and_counts_it(api: Api, now: World) -> None:
    job_id, uploads = now.upload(b"a shopping list")
    now.run(uploads)

    answer = api("POST", f"/v1/jobs/{job_id}/retry-failed")

    assert (answer.status, answer.body["reopened"]) == (200, 0)
    assert answer.body["left"] == {"refused": 1, "expired": 0}


def test_one_failed_task_is_tried_again_and_twice_is_harmless(api: Api, now: World, given_up: str) -> None:
    path = f"/v1/jobs/{given_up}/tasks/t00000/retry"

    answers = [api("POST", path), api("POST", path)]

    assert [(answer.status, answer.body["reopened"]) for answer in answers] == [(200, 1), (200, 0)]
    assert len(now.sent("QualityQueue")) == 1


def test_refused_task_is_not_tried_again(api: Api, now: World) -> None:
    job_id, uploads = now.upload(b"a shopping list")
    now.run(uploads)

    answer = api("POST", f"/v1/jobs/{job_id}/tasks/t00000/retry")

    assert (answer.status, answer.body["code"]) == (409, "nothing_to_retry")


def test_upload_that_never_came_needs_a_grant(api: Api, now: World) -> None:
    job_id = now.open_session([photo(1, *SMALL)]).job_id
    now.sleep(3600)
    now.reconcile()
    now.project()

    answer = api("POST", f"/v1/jobs/{job_id}/tasks/t00000/retry")

    assert (answer.status, answer.body["code"]) == (409, "grant_needed")


@pytest.mark.parametrize("what", ["retry-failed", "tasks/t00000/retry"])
def test_nothing_of_a_cancelled_job_is_tried_again(api: Api, images: World, what: str) -> None:
    started = api("POST", START_JOB).body["job_id"]
    api("POST", CANCEL)

    answer = api("POST", f"/v1/jobs/{started}/{what}")

    assert (answer.status, answer.body["code"]) == (409, "job_cancelled")


def test_unknown_task_is_not_found(api: Api, now: World, given_up: str) -> None:
    answer = api("POST", f"/v1/jobs/{given_up}/tasks/t00009/retry")

    assert (answer.status, answer.body["code"]) == (404, "not_found")


def test_failed_image_is_tried_again_in_the_job_that_it_failed_in(api: Api, now: World, given_up: str) -> None:
    answer = api("POST", f"/v1/assets/{now.task(given_up).asset_id}/retry")

    assert (answer.status, answer.body["job_id"], answer.body["reopened"]) == (200, given_up, 1)


def test_failed_image_is_tried_again_in_a_job_of_its_own_when_the_first_is_gone(
    api: Api, now: World, given_up: str
) -> None:
    asset_id = now.task(given_up).asset_id
    now.jobs.delete(given_up)

    answer = api("POST", f"/v1/assets/{asset_id}/retry")

    retried = api("GET", f"/v1/jobs/{answer.body['job_id']}").body
    assert (answer.status, retried["kind"], retried["total"]) == (200, "retry", 1)


def test_image_without_a_failed_stage_has_nothing_to_retry(api: Api, images: World) -> None:
    asset_id = images.catalog.to_score(TENANT, PROJECT, None, None, 1).entries[0].asset_id

    answer = api("POST", f"/v1/assets/{asset_id}/retry")

    assert (answer.status, answer.body["code"]) == (409, "nothing_to_retry")


# ── Poison records ────────────────────────────────────────────────────────────────────────────────────────────


def test_work_that_was_given_up_is_listed_without_its_message(api: Api, now: World, given_up: str) -> None:
    answer = api("GET", "/v1/poison")

    (record,) = answer.body["records"]
    assert (answer.status, record["job_id"], record["task_id"]) == (200, given_up, "t00000")
    assert (record["stage"], record["code"], record["attempts"]) == ("quality", "try_again", 4)
    assert "message" not in record


def test_redriven_work_is_done_and_its_record_gone(api: Api, now: World, given_up: str) -> None:
    poison_id = api("GET", "/v1/poison").body["records"][0]["poison_id"]

    answer = api("POST", f"/v1/poison/{poison_id}/redrive")
    again = api("POST", f"/v1/poison/{poison_id}/redrive")

    now.now = datetime.now(UTC)
    now.work_off()
    assert (answer.status, answer.body["reopened"]) == (200, 1)
    assert (again.status, again.body["code"]) == (404, "not_found")
    assert now.job(given_up).counts[TaskStatus.COMPLETED] == 1


def test_poison_of_a_tenant_without_any_is_empty(api: Api, now: World) -> None:
    assert api("GET", "/v1/poison").body == {"records": [], "next_cursor": None}


def test_another_tenants_poison_is_not_listed(api: Api, now: World, given_up: str) -> None:
    assert api("GET", "/v1/poison", authorizer=STRANGER).body["records"] == []


# ── Who may ───────────────────────────────────────────────────────────────────────────────────────────────────

WRITING = [
    START_JOB,
    CANCEL,
    f"/v1/jobs/{NO_SUCH_JOB}/cancel",
    f"/v1/jobs/{NO_SUCH_JOB}/retry-failed",
    f"/v1/jobs/{NO_SUCH_JOB}/tasks/t00000/retry",
    "/v1/assets/asset_" + "a" * 32 + "/retry",
    "/v1/poison/x/redrive",
]
READING = [f"/v1/projects/{PROJECT}/jobs", PROGRESS, "/v1/poison"]


@pytest.mark.parametrize("path", WRITING)
def test_key_that_may_only_read_changes_nothing(api: Api, path: str) -> None:
    with watched() as calls:
        answer = api("POST", path, authorizer=READER)

    assert (answer.status, answer.body["code"]) == (403, "missing_scope")
    assert calls.made == []


@pytest.mark.parametrize("path", READING)
def test_key_that_may_only_write_reads_nothing(api: Api, path: str) -> None:
    answer = api("GET", path, authorizer=WRITER)

    assert (answer.status, answer.body["code"]) == (403, "missing_scope")


def test_key_that_may_only_write_makes_no_dry_run(api: Api) -> None:
    answer = api("POST", START_JOB, query={"dry_run": "true"}, authorizer=WRITER)

    assert (answer.status, answer.body["code"]) == (403, "missing_scope")


def test_another_tenants_job_image_and_poison_are_not_found_and_left_alone(api: Api, now: World, given_up: str) -> None:
    poison_id = api("GET", "/v1/poison").body["records"][0]["poison_id"]
    paths = [
        f"/v1/jobs/{given_up}/cancel",
        f"/v1/jobs/{given_up}/retry-failed",
        f"/v1/jobs/{given_up}/tasks/t00000/retry",
        f"/v1/assets/{now.task(given_up).asset_id}/retry",
        f"/v1/poison/{poison_id}/redrive",
    ]

    with watched() as calls:
        answers = [api("POST", path, authorizer=STRANGER) for path in paths]

    assert [(answer.status, answer.body["code"]) for answer in answers] == [(404, "not_found")] * len(paths)
    assert calls.made == []


def test_another_tenants_project_of_the_same_name_is_its_own(api: Api, images: World) -> None:
    api("POST", START_JOB)

    assert api("GET", f"/v1/projects/{PROJECT}/jobs", authorizer=STRANGER).body["jobs"] == []
    assert api("GET", PROGRESS, authorizer=STRANGER).body["status"] == "idle"
    assert api("POST", CANCEL, authorizer=STRANGER).body["cancelled"] is False
    assert api("POST", START_JOB, authorizer=STRANGER).body["total_images"] == 0


@pytest.mark.parametrize(
    "path",
    [
        "/v1/jobs/12/cancel",
        "/v1/jobs/job_12/retry-failed",
        "/v1/jobs/job_7zzzzzzzzzzzzzzzzzzzzzzzzz/cancel",
        "/v1/jobs/12/tasks/t00000/retry",
        "/v1/assets/7/retry",
    ],
)
def test_what_is_no_id_is_refused(api: Api, path: str) -> None:
    answer = api("POST", path)

    assert (answer.status, answer.body["code"]) == (400, "invalid_id")


def test_unknown_poison_record_is_not_found(api: Api) -> None:
    answer = api("POST", "/v1/poison/nothing/redrive")

    assert (answer.status, answer.body["code"]) == (404, "not_found")


@pytest.mark.parametrize("what", ["cancel", "retry-failed", "tasks/t00000/retry"])
def test_job_older_than_its_life_has_expired(api: Api, what: str) -> None:
    answer = api("POST", f"/v1/jobs/{NO_SUCH_JOB}/{what}")

    assert (answer.status, answer.body["code"]) == (410, "expired")
