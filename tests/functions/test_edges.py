import pytest

from shared.errors import DarkroomError, Transient
from shared.rest import PROBLEM, problem
from tests.cloud import Cloud, client
from tests.functions.conftest import Answer, Api

JOB_PATH = "/v1/jobs/job_01jdc3yb5n8x2c4v6b8n0m1k3j"
FILE = {"filename": "a", "content_type": "image/png", "bytes": 1}
LEAKS = ("arn:", "Traceback", "boto", "File ", "ResourceNotFound", "JobsTable", "us-east-1")


def leaks(answer: Answer) -> list[str]:
    return [leak for leak in LEAKS if leak in str(answer.body)]


@pytest.fixture
def broken(api: Api, cloud: Cloud) -> Api:
    """An API whose jobs table is gone."""
    client("dynamodb").delete_table(TableName=cloud.jobs_table)
    return api


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", JOB_PATH, None),
        ("GET", JOB_PATH.replace("jobs", "uploads"), None),
        ("POST", JOB_PATH.replace("jobs", "uploads") + "/grants", {"task_ids": ["t00000"]}),
        (
            "POST",
            "/v1/uploads",
            {"project": "shop", "files": [FILE]},
        ),
    ],
)
def test_unexpected_exception_is_a_problem_that_tells_nothing(
    broken: Api, method: str, path: str, body: object
) -> None:
    answer = broken(method, path, body)

    assert (answer.status, answer.body["code"]) == (500, "internal_error")
    assert answer.headers["Content-Type"] == PROBLEM
    assert leaks(answer) == []


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/v1/nothing"),
        ("DELETE", "/v1/uploads"),
        ("GET", "/v1/jobs/job_1"),
        ("GET", JOB_PATH),
        ("POST", "/v1/uploads"),
        ("GET", "/v1/assets/asset_" + "a" * 32),
        ("GET", JOB_PATH.replace("jobs", "uploads") + "?"),
    ],
)
def test_every_refusal_is_a_whole_problem_document(api: Api, method: str, path: str) -> None:
    answer = api(method, path)

    assert answer.headers["Content-Type"] == PROBLEM
    assert set(answer.body) >= {"type", "title", "status", "detail", "code"}
    assert answer.body["status"] == answer.status
    assert answer.body["type"] == f"urn:darkroom:error:{answer.body['code']}"
    assert leaks(answer) == []


def test_other_peoples_pages_may_read_a_refusal(api: Api) -> None:
    answer = api("GET", "/v1/jobs/job_1", headers={"Origin": "https://example.org"})

    assert answer.headers["Access-Control-Allow-Origin"] == "*"


def test_body_that_is_nested_without_end_is_refused(api: Api) -> None:
    body, headers = "[" * 100_000, {"Content-Type": "application/json"}

    known = api("POST", "/v1/uploads", body, headers=headers)
    unknown = api("POST", "/v1/uploads", body, headers=headers, authorizer={"problem": "missing_key"})

    assert (known.status, known.body["code"]) == (422, "invalid_request")
    assert (unknown.status, unknown.body["code"]) == (401, "missing_key")


def test_limit_and_measure_are_told_where_they_are_known() -> None:
    told = problem(DarkroomError("Too much.", limit=1, measured=2)).body or ""
    untold = problem(DarkroomError("Too much.")).body or ""

    assert '"limit": 1, "measured": 2' in told
    assert "limit" not in untold


def test_busy_database_asks_to_try_again() -> None:
    answer = problem(Transient())

    assert answer.status_code == 503


@pytest.mark.parametrize("authorizer", [{"problem": "unheard_of"}, {"tenant": "t"}, {"tenant": "t", "scopes": "root"}])
def test_authorizer_that_says_nonsense_lets_nobody_in(api: Api, authorizer: dict[str, str]) -> None:
    answer = api("GET", JOB_PATH, authorizer=authorizer)

    assert answer.status == 500
    assert leaks(answer) == []


@pytest.mark.parametrize("authorizer", [{}, {"scopes": "read"}, {"tenant": "t", "scopes": ""}])
def test_caller_without_tenant_or_scope_is_refused(api: Api, authorizer: dict[str, str]) -> None:
    answer = api("GET", JOB_PATH, authorizer=authorizer)

    assert answer.status in {401, 403}


def test_job_id_beyond_the_calendar_is_refused(api: Api) -> None:
    answer = api("GET", "/v1/jobs/job_7zzzzzzzzzzzzzzzzzzzzzzzzz")

    assert (answer.status, answer.body["code"]) == (400, "invalid_id")


def test_event_number_beyond_all_numbers_is_refused(api: Api) -> None:
    session = api("POST", "/v1/uploads", {"project": "shop", "files": [FILE]}).body

    answer = api("GET", f"/v1/uploads/{session['job_id']}", query={"changed_since": "1" * 40})

    assert (answer.status, answer.body["code"]) == (422, "invalid_request")
