from datetime import timedelta

import pytest

from shared.domain.quotas import Quotas
from shared.domain.task import Outcome
from tests.functions.conftest import Api, Load
from tests.pictures import photo
from tests.world import PROJECT, TENANT, World

LAMBDA_BYTES = 6_291_556
FILE = {"filename": "beach.jpg", "content_type": "image/jpeg", "bytes": 10}


def upload_body(**changes: object) -> dict[str, object]:
    return {"project": PROJECT, "files": [FILE | changes]}


@pytest.fixture
def finished(world: World) -> str:
    """A session of a good and a bad file, both dealt with."""
    return world.once(_finish)


def _finish(world: World) -> str:
    world.now = world.now.now(world.now.tzinfo)
    job_id, uploads = world.upload(photo(), b"a shopping list")
    world.run(uploads)
    return job_id


def test_healthz_needs_no_key(api: Api) -> None:
    answer = api("GET", "/healthz", authorizer={})

    assert (answer.status, answer.body) == (200, {"status": "ok"})


def test_readyz_needs_no_key(api: Api) -> None:
    answer = api("GET", "/readyz", authorizer={})

    assert (answer.status, answer.body) == (200, {"status": "ok"})


def test_api_is_not_ready_while_a_table_cannot_be_read(load: Load, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CATALOG_TABLE", "gone")

    answer = Api(load("api"))("GET", "/readyz", authorizer={})

    assert (answer.status, answer.body["code"]) == (503, "try_again")


def test_upload_session_grants_a_post_of_exactly_that_file(api: Api) -> None:
    answer = api("POST", "/v1/uploads", upload_body())

    task = answer.body["uploads"][0]
    assert answer.status == 201
    assert (answer.body["total"], task["task_id"], task["status"]) == (1, "t00000", "pending")
    assert task["upload"]["fields"]["key"].endswith(f"{answer.body['job_id']}/t00000")


def test_first_500_of_a_large_session_are_granted_and_the_rest_on_request(api: Api) -> None:
    created = api("POST", "/v1/uploads", {"project": PROJECT, "files": [FILE] * 501}).body

    renewed = api("POST", f"/v1/uploads/{created['job_id']}/grants", {"task_ids": ["t00500"]}).body

    granted = [task for task in created["uploads"] if task["upload"]]
    assert (created["total"], len(granted)) == (501, 500)
    assert renewed["uploads"][0]["upload"]["fields"]["key"].endswith("t00500")


@pytest.mark.parametrize(
    ("body", "code", "loc"),
    [
        ({}, "missing", ["body", "project"]),
        ({"project": PROJECT, "files": []}, "too_short", ["body", "files"]),
        ({"project": "a b", "files": [FILE]}, "string_pattern_mismatch", ["body", "project"]),
        (upload_body(bytes=-1), "greater_than_equal", ["body", "files", 0, "bytes"]),
        (upload_body(sha256="xyz"), "string_pattern_mismatch", ["body", "files", 0, "sha256"]),
        (upload_body(colour="red"), "extra_forbidden", ["body", "files", 0, "colour"]),
        (upload_body(bytes=60_000_000), "file_too_large", ["files", 0, "bytes"]),
        (upload_body(content_type="text/plain"), "unsupported_format", ["files", 0, "content_type"]),
    ],
)
def test_wrong_session_is_refused_by_field_and_makes_nothing(
    api: Api, world: World, body: dict[str, object], code: str, loc: list[object]
) -> None:
    answer = api("POST", "/v1/uploads", body)

    errors = [(error["code"], error["loc"]) for error in answer.body["errors"]]
    assert (answer.status, answer.body["code"]) == (422, "invalid_request")
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert (code, loc) in errors
    assert world.facts() == []


def test_too_many_files_are_refused_with_the_limit(api: Api) -> None:
    answer = api("POST", "/v1/uploads", {"project": PROJECT, "files": [FILE] * 10_001})

    assert (answer.status, answer.body["code"]) == (422, "too_many_files")
    assert (answer.body["limit"], answer.body["measured"]) == (10_000, 10_001)


WIDEST = "\N{CAMERA}"


def test_answer_to_the_longest_names_that_are_taken_can_be_sent(api: Api) -> None:
    files = [FILE | {"filename": WIDEST * 512}] * 910

    answer = api("POST", "/v1/uploads", {"project": PROJECT, "files": files})

    assert answer.status == 201
    assert answer.body["uploads"][909]["filename"] == WIDEST * 512
    assert 6_000_000 < answer.sent_bytes < LAMBDA_BYTES


@pytest.mark.parametrize(("length", "count"), [(512, 1_000), (60, 10_000), (512, 10_000)])
def test_session_whose_answer_could_not_be_sent_is_not_made(api: Api, world: World, length: int, count: int) -> None:
    files = [FILE | {"filename": WIDEST * length}] * count

    answer = api("POST", "/v1/uploads", {"project": PROJECT, "files": files})

    assert (answer.status, answer.body["code"]) == (422, "too_many_files")
    assert (answer.body["limit"], answer.body["measured"]) == (count // 2, count)
    assert world.all_jobs() == []
    assert list(world.tenants.projects(TENANT)) == []


@pytest.mark.parametrize("quotas", [Quotas(files_per_session=2), Quotas(assets=2), Quotas(bytes=20)])
def test_session_past_a_quota_is_refused_with_the_limit(api: Api, world: World, quotas: Quotas) -> None:
    world.tenants.create(TENANT, "shop", world.now, quotas)

    answer = api("POST", "/v1/uploads", {"project": PROJECT, "files": [FILE] * 3})

    limit = quotas.bytes or 2
    assert (answer.status, answer.body["code"]) == (422, "quota_exceeded")
    assert (answer.body["limit"], answer.body["measured"]) == (limit, limit * 3 // 2)
    assert world.all_jobs() == []


def test_body_that_is_no_json_is_refused(api: Api) -> None:
    answer = api("POST", "/v1/uploads", "{")

    assert (answer.status, answer.body["code"]) == (422, "invalid_request")


def test_progress_adds_up_and_tasks_come_on_request(api: Api, finished: str) -> None:
    summary = api("GET", f"/v1/uploads/{finished}").body
    listed = api("GET", f"/v1/uploads/{finished}", query={"tasks": "all"}).body["tasks"]

    assert (summary["processed"], summary["failed"], summary["total"]) == (1, 1, 2)
    assert (summary["status"], summary["progress_pct"], summary["tasks"]) == ("completed", 100.0, None)
    assert [task["outcome"] for task in listed] == [Outcome.CREATED, Outcome.REFUSED]
    assert "thumb_300" in listed[0]["thumbnail_url"]
    assert listed[1]["error"]["code"] == "unsupported_format"


def test_failed_tasks_can_be_asked_for_alone(api: Api, finished: str) -> None:
    listed = api("GET", f"/v1/uploads/{finished}", query={"tasks": "failed"}).body["tasks"]

    assert [task["task_id"] for task in listed] == ["t00001"]


def test_changed_since_shows_what_was_counted_later(api: Api, finished: str) -> None:
    seq = api("GET", f"/v1/uploads/{finished}").body["seq"]

    later = api("GET", f"/v1/uploads/{finished}", query={"changed_since": str(seq)}).body["tasks"]
    earlier = api("GET", f"/v1/uploads/{finished}", query={"changed_since": str(seq - 1)}).body["tasks"]

    assert later == []
    assert [task["task_id"] for task in earlier] == ["t00000", "t00001"]


def test_unchanged_progress_answers_304(api: Api, finished: str) -> None:
    first = api("GET", f"/v1/uploads/{finished}")

    again = api("GET", f"/v1/uploads/{finished}", headers={"If-None-Match": first.headers["ETag"]})

    assert (again.status, again.body) == (304, None)


def test_cursor_of_our_own_only(api: Api, finished: str) -> None:
    answer = api("GET", f"/v1/uploads/{finished}", query={"tasks": "all", "cursor": "bm9uc2Vuc2U="})

    assert (answer.status, answer.body["code"]) == (422, "invalid_request")


def test_asset_shows_its_renditions_and_scores(api: Api, world: World, finished: str) -> None:
    asset_id = world.task(finished).asset_id

    asset = api("GET", f"/v1/assets/{asset_id}").body

    assert (asset["width"], asset["height"], asset["format"]) == (320, 240, "jpeg")
    assert asset["renditions"][0]["preset"] == "thumb"
    assert asset["quality"]["status"] == "completed"
    assert 0 <= asset["quality"]["overall_quality"] <= 1


def test_scores_explain_themselves(api: Api, world: World, finished: str) -> None:
    quality = api("GET", f"/v1/assets/{world.task(finished).asset_id}").body["quality"]

    explained = quality["explanation"]
    known = [part for part in explained["parts"] if part["goodness"] is not None]
    mean = sum(part["weight"] * part["goodness"] for part in known) / sum(part["weight"] for part in known)
    assert explained["scorer_version"] == quality["scorer_version"]
    assert mean == pytest.approx(quality["overall_quality"], abs=1e-3)
    assert [check["issue"] for check in explained["checks"] if check["is_raised"]] == quality["issues"]
    assert quality["suitability"]["category"] in {"high", "medium", "low"}


def test_rendition_redirects_to_a_signed_url(api: Api, world: World, finished: str) -> None:
    answer = api("GET", f"/v1/assets/{world.task(finished).asset_id}/renditions/card")

    assert answer.status == 302
    assert "card-" in answer.headers["Location"]
    assert "X-Amz-Signature" in answer.headers["Location"]


def test_unknown_preset_is_not_found(api: Api, world: World, finished: str) -> None:
    answer = api("GET", f"/v1/assets/{world.task(finished).asset_id}/renditions/poster")

    assert (answer.status, answer.body["code"]) == (404, "unknown_preset")


def test_rendition_in_the_making_is_not_ready(api: Api, world: World) -> None:
    job_id, uploads = world.upload(photo(7))
    world.validate(uploads[0])

    answer = api("GET", f"/v1/assets/{world.task(job_id).asset_id}/renditions/card")

    assert (answer.status, answer.body["code"]) == (409, "not_ready")


@pytest.mark.parametrize(
    "path",
    [
        "/v1/uploads/{job_id}",
        "/v1/jobs/{job_id}",
        "/v1/assets/{asset_id}",
        "/v1/assets/{asset_id}/renditions/card",
    ],
)
def test_another_tenants_things_are_not_found(api: Api, world: World, finished: str, path: str) -> None:
    path = path.format(job_id=finished, asset_id=world.task(finished).asset_id)

    answer = api("GET", path, authorizer={"tenant": "tenant_zzzzzzzzzzzzzzzzzzzzzzzzzz", "scopes": "read write"})

    assert (answer.status, answer.body["code"]) == (404, "not_found")


def test_another_tenants_session_gives_no_grants(api: Api, finished: str) -> None:
    answer = api(
        "POST",
        f"/v1/uploads/{finished}/grants",
        {"task_ids": ["t00000"]},
        authorizer={"tenant": "tenant_zzzzzzzzzzzzzzzzzzzzzzzzzz", "scopes": "read write"},
    )

    assert answer.status == 404


@pytest.mark.parametrize("path", ["/v1/uploads/12", "/v1/jobs/job_12", "/v1/assets/7", "/v1/assets/7/renditions/card"])
def test_what_is_no_id_is_refused(api: Api, path: str) -> None:
    answer = api("GET", path)

    assert (answer.status, answer.body["code"]) == (400, "invalid_id")


def test_session_past_its_time_has_expired_though_its_row_is_still_there(
    api: Api, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.now -= timedelta(days=400)
    job_id, _ = world.upload(photo())

    answers = [
        api("GET", f"/v1/uploads/{job_id}"),
        api("POST", f"/v1/uploads/{job_id}/grants", {"task_ids": ["t00000"]}),
    ]

    assert [(answer.status, answer.body["code"]) for answer in answers] == [(410, "expired")] * 2


@pytest.mark.parametrize("path", ["/v1/jobs/job_00000000000000000000000000", "/v1/nothing"])
@pytest.mark.parametrize("code", ["invalid_key", "expired_key", "revoked_key", "missing_key"])
def test_bad_key_gets_a_typed_401(api: Api, code: str, path: str) -> None:
    answer = api("GET", path, authorizer={"problem": code})

    assert (answer.status, answer.body["code"]) == (401, code)


def test_key_without_the_scope_is_forbidden(api: Api, finished: str) -> None:
    reader = {"tenant": "tenant_00000000000000000000000000", "scopes": "read"}

    answer = api("POST", "/v1/uploads", upload_body(), authorizer=reader)

    assert (answer.status, answer.body["code"]) == (403, "missing_scope")


def test_unknown_route_is_a_problem_too(api: Api) -> None:
    answer = api("GET", "/v1/nothing")

    assert (answer.status, answer.body["code"]) == (404, "not_found")
