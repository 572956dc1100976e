"""The routes that keep the installation."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.functions.conftest import Api
from tests.pictures import photo
from tests.world import TENANT, World

ADMIN = {"tenant": TENANT, "scopes": "admin"}
SMALL = (40, 40)


@pytest.fixture
def now(world: World) -> World:
    """A world of today: the function looks at the real clock."""
    world.now = datetime.now(UTC)
    return world


def test_expired_sessions_are_removed_with_their_tasks_and_live_ones_stay(admin_api: Api, now: World) -> None:
    now.tenants.create(TENANT, "shop", now.now)
    today = now.now
    now.now -= timedelta(days=400)
    now.upload(photo(1, *SMALL), photo(2, *SMALL))
    now.now = today
    live, _ = now.upload(photo(3, *SMALL))

    answer = admin_api("POST", "/v1/admin/cleanup-sessions", authorizer=ADMIN)

    assert (answer.status, answer.body) == (200, {"removed_jobs": 1, "removed_tasks": 2, "has_more": False})
    assert now.job(live).total == 1


@pytest.mark.parametrize("scopes", ["read", "write", "read write"])
def test_only_an_admin_cleans_up(admin_api: Api, now: World, scopes: str) -> None:
    answer = admin_api("POST", "/v1/admin/cleanup-sessions", authorizer={"tenant": TENANT, "scopes": scopes})

    assert (answer.status, answer.body["code"]) == (403, "missing_scope")
