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


# ── Metrics ───────────────────────────────────────────────────────────────────────────────────────────────────

OTHER = "tenant_zzzzzzzzzzzzzzzzzzzzzzzzzz"
READER = {"tenant": TENANT, "scopes": "read"}
ADMIN_WHO_READS = {"tenant": TENANT, "scopes": "read admin"}


@pytest.fixture
def two(now: World) -> World:
    """Two tenants; the first has an image with its renditions."""
    now.tenants.create(TENANT, "first", now.now)
    now.tenants.create(OTHER, "second", now.now)
    _, uploads = now.upload(photo(1, *SMALL))
    now.run(uploads)
    return now


def test_metrics_are_what_the_bucket_holds(admin_api: Api, two: World) -> None:
    (asset,) = two.all_assets()
    rendered = [rendition.bytes for rendition in asset.renditions.values()]

    answer = admin_api("GET", "/v1/metrics/tenants/first", authorizer=READER)

    assert answer.status == 200
    assert answer.body == {
        "tenant_id": TENANT,
        "tenant_name": "first",
        "asset_count": 1,
        "rendition_count": len(rendered),
        "asset_bytes": asset.bytes,
        "rendition_bytes": sum(rendered),
        "total_bytes": asset.bytes + sum(rendered),
        "awaiting_purge_bytes": 0,
    }


@pytest.mark.parametrize("name", ["second", "nobody"])
def test_metrics_of_another_tenant_are_not_found(admin_api: Api, two: World, name: str) -> None:
    answer = admin_api("GET", f"/v1/metrics/tenants/{name}", authorizer=READER)

    assert (answer.status, answer.body["code"]) == (404, "not_found")


def test_admin_sees_the_metrics_of_every_tenant(admin_api: Api, two: World) -> None:
    one = admin_api("GET", "/v1/metrics/tenants/second", authorizer=ADMIN_WHO_READS)
    every = admin_api("GET", "/v1/metrics", authorizer=ADMIN)

    assert (one.body["tenant_id"], one.body["total_bytes"]) == (OTHER, 0)
    assert [found["tenant_name"] for found in every.body["tenants"]] == ["first", "second"]
    assert every.body["next_cursor"] is None


def test_metrics_after_a_cursor_are_of_later_tenants(admin_api: Api, two: World) -> None:
    answer = admin_api("GET", "/v1/metrics", query={"cursor": TENANT}, authorizer=ADMIN)

    assert [found["tenant_id"] for found in answer.body["tenants"]] == [OTHER]


def test_cursor_of_tenants_is_one_of_ours(admin_api: Api, two: World) -> None:
    answer = admin_api("GET", "/v1/metrics", query={"cursor": "first"}, authorizer=ADMIN)

    assert (answer.status, answer.body["code"]) == (400, "invalid_id")


@pytest.mark.parametrize(("path", "scopes"), [("/v1/metrics", "read write"), ("/v1/metrics/tenants/first", "write")])
def test_metrics_need_their_scope(admin_api: Api, two: World, path: str, scopes: str) -> None:
    answer = admin_api("GET", path, authorizer={"tenant": TENANT, "scopes": scopes})

    assert (answer.status, answer.body["code"]) == (403, "missing_scope")
