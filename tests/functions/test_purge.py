import pytest

from tests.cloud import recorded
from tests.functions.conftest import Api, Context, Load
from tests.world import TENANT

ADMIN = {"tenant": TENANT, "scopes": "admin"}


@pytest.fixture
def purge_api(load: Load) -> Api:
    return Api(load("admin"))


def test_every_night_what_is_due_is_purged(load: Load) -> None:
    report = load("purge").handler(recorded("purge"), Context())

    assert (report["dry_run"], report["purge_days"], report["errors"]) == (False, 30, [])


def test_nightly_purge_can_be_made_a_dry_run(load: Load, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PURGE_MODE", "dry-run")

    assert load("purge").handler(recorded("purge"), Context())["dry_run"]


def test_purge_is_a_dry_run_unless_told_otherwise(purge_api: Api) -> None:
    answer = purge_api("POST", "/v1/purge", authorizer=ADMIN)

    assert (answer.status, answer.body["dry_run"], answer.body["purge_days"]) == (200, True, 30)
    assert not purge_api("POST", "/v1/purge", query={"dry_run": "false"}, authorizer=ADMIN).body["dry_run"]


def test_only_an_admin_purges(purge_api: Api) -> None:
    answer = purge_api("POST", "/v1/purge", authorizer={"tenant": TENANT, "scopes": "read write"})

    assert (answer.status, answer.body["code"]) == (403, "missing_scope")


@pytest.mark.parametrize("query", [{"days": "-1"}, {"days": "x"}, {"dry_run": "perhaps"}])
def test_wrong_option_is_refused(purge_api: Api, query: dict[str, str]) -> None:
    assert purge_api("POST", "/v1/purge", query=query, authorizer=ADMIN).body["code"] == "invalid_request"
