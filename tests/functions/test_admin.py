"""The routes that keep the installation."""

from datetime import UTC, datetime, timedelta

import pytest

from shared.domain.access import Scope
from shared.errors import ExpiredKey, RevokedKey
from shared.usecases.check_key import check_key
from tests.functions.conftest import Api
from tests.pictures import photo
from tests.world import TENANT, World

ADMIN = {"tenant": TENANT, "scopes": "admin"}
SMALL = (40, 40)


def test_expired_sessions_are_removed_with_their_tasks_and_live_ones_stay(admin_api: Api, now: World) -> None:
    now.tenants.create(TENANT, "shop", now.now)
    today = now.now
    now.now -= timedelta(days=400)
    now.upload(photo(1, *SMALL), photo(2, *SMALL))
    now.now = today
    live, _ = now.upload(photo(3, *SMALL))

    answer = admin_api("POST", "/v1/admin/cleanup-sessions", authorizer=ADMIN)

    assert (answer.status, answer.body) == (
        200,
        {"removed_jobs": 1, "removed_tasks": 2, "has_more": False, "next_cursor": None},
    )
    assert now.job(live).total == 1


def test_clean_up_goes_on_at_no_other_cursor_than_its_own(admin_api: Api, now: World) -> None:
    answer = admin_api("POST", "/v1/admin/cleanup-sessions", query={"cursor": "elsewhere"}, authorizer=ADMIN)

    assert (answer.status, answer.body["code"]) == (422, "invalid_cursor")


@pytest.mark.parametrize("scopes", ["read", "write", "read write"])
def test_only_an_admin_cleans_up(admin_api: Api, now: World, scopes: str) -> None:
    answer = admin_api("POST", "/v1/admin/cleanup-sessions", authorizer={"tenant": TENANT, "scopes": scopes})

    assert (answer.status, answer.body["code"]) == (403, "missing_scope")


# ── Metrics ───────────────────────────────────────────────────────────────────────────────────────────────────

OTHER = "tenant_zzzzzzzzzzzzzzzzzzzzzzzzzz"
READER = {"tenant": TENANT, "scopes": "read"}
UNLIMITED = {"assets": None, "bytes": None, "files_per_session": None}
ADMIN_WHO_READS = {"tenant": TENANT, "scopes": "read admin"}


@pytest.fixture
def two(now: World) -> World:
    """Two tenants; the first has an image with its renditions."""
    now.once(_make_two)
    return now


def _make_two(now: World) -> None:
    now.tenants.create(TENANT, "first", now.now)
    now.tenants.create(OTHER, "second", now.now)
    _, uploads = now.upload(photo(1, *SMALL))
    now.run(uploads)


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
        "quotas": UNLIMITED,
    }


@pytest.mark.parametrize("name", ["second", "nobody"])
def test_metrics_of_another_tenant_are_not_found(admin_api: Api, two: World, name: str) -> None:
    answer = admin_api("GET", f"/v1/metrics/tenants/{name}", authorizer=READER)

    assert (answer.status, answer.body["code"]) == (404, "not_found")


@pytest.mark.parametrize(
    ("name", "sent"),
    [
        ("corner shop", "corner shop"),
        ("corner shop", "corner%20shop"),
        ("Müller & Söhne", "M%C3%BCller%20%26%20S%C3%B6hne"),
        ("a" + " " * 99, "a" + "%20" * 99),
    ],
)
def test_metrics_are_found_by_any_name_escaped_or_not(admin_api: Api, now: World, name: str, sent: str) -> None:
    now.tenants.create(TENANT, name, now.now)

    answer = admin_api("GET", f"/v1/metrics/tenants/{sent}", authorizer=READER)

    assert (answer.status, answer.body["tenant_name"]) == (200, name)


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


# ── Tenants and keys ──────────────────────────────────────────────────────────────────────────────────────────

KEEPER = {"tenant": TENANT, "scopes": "read write admin"}
KEYED = [
    ("POST", "/v1/tenants", {"name": "shop"}),
    ("GET", "/v1/tenants", None),
    ("GET", f"/v1/tenants/{TENANT}", None),
    ("PUT", f"/v1/tenants/{TENANT}/quotas", {}),
    ("POST", "/v1/keys", {"scopes": ["read"]}),
    ("GET", "/v1/keys", None),
    ("DELETE", "/v1/keys/0123456789abcdef", None),
    ("POST", "/v1/keys/0123456789abcdef/rotate", {}),
]


@pytest.fixture
def keeper(now: World) -> World:
    now.tenants.create(TENANT, "first", now.now)
    return now


@pytest.mark.parametrize(("method", "path", "body"), KEYED)
def test_only_an_admin_manages_tenants_and_keys(
    admin_api: Api, keeper: World, method: str, path: str, body: object
) -> None:
    answer = admin_api(method, path, body, authorizer={"tenant": TENANT, "scopes": "read write"})

    assert (answer.status, answer.body["code"]) == (403, "missing_scope")


def test_tenant_of_the_same_name_is_the_same(admin_api: Api, keeper: World) -> None:
    first = admin_api("POST", "/v1/tenants", {"name": "Photo wall"}, authorizer=KEEPER)
    again = admin_api("POST", "/v1/tenants", {"name": "Photo wall"}, authorizer=KEEPER)

    listed = admin_api("GET", "/v1/tenants", authorizer=KEEPER)
    assert first.body == again.body
    assert first.body in listed.body["tenants"]


def test_tenant_is_made_with_its_quotas_and_keeps_them(admin_api: Api, keeper: World) -> None:
    made = admin_api("POST", "/v1/tenants", {"name": "wall", "quotas": {"assets": 5}}, authorizer=KEEPER)
    again = admin_api("POST", "/v1/tenants", {"name": "wall", "quotas": {"assets": 50}}, authorizer=KEEPER)

    assert made.body["quotas"] == UNLIMITED | {"assets": 5}
    assert again.body == made.body


def test_quotas_are_replaced_whole_and_read_beside_the_usage(admin_api: Api, two: World) -> None:
    path = f"/v1/tenants/{TENANT}"
    admin_api("PUT", f"{path}/quotas", {"assets": 5, "bytes": 10**9}, authorizer=ADMIN)

    put = admin_api("PUT", f"{path}/quotas", {"assets": 7, "files_per_session": 10_000}, authorizer=ADMIN)

    read = admin_api("GET", path, authorizer=ADMIN)
    metrics = admin_api("GET", "/v1/metrics/tenants/first", authorizer=READER)
    assert (put.status, read.status) == (200, 200)
    assert read.body["quotas"] == put.body["quotas"] == metrics.body["quotas"]
    assert read.body["quotas"] == {"assets": 7, "bytes": None, "files_per_session": 10_000}
    assert read.body["usage"].items() <= metrics.body.items()
    assert read.body["usage"]["asset_count"] == 1


def test_empty_quotas_lift_every_limit(admin_api: Api, keeper: World) -> None:
    admin_api("PUT", f"/v1/tenants/{TENANT}/quotas", {"assets": 0}, authorizer=ADMIN)

    answer = admin_api("PUT", f"/v1/tenants/{TENANT}/quotas", {}, authorizer=ADMIN)

    assert answer.body == {"tenant_id": TENANT, "tenant_name": "first", "quotas": UNLIMITED}


@pytest.mark.parametrize(
    "quotas",
    [
        {"assets": -1},
        {"bytes": "many"},
        {"bytes": 10**16},
        {"files_per_session": 0},
        {"files_per_session": 10_001},
        {"images": 3},
        [],
    ],
)
def test_wrong_quotas_change_nothing(admin_api: Api, keeper: World, quotas: object) -> None:
    answer = admin_api("PUT", f"/v1/tenants/{TENANT}/quotas", quotas, authorizer=ADMIN)

    assert (answer.status, answer.body["code"]) == (422, "invalid_request")
    assert admin_api("GET", f"/v1/tenants/{TENANT}", authorizer=ADMIN).body["quotas"] == UNLIMITED


@pytest.mark.parametrize(("method", "path", "body"), [("GET", "", None), ("PUT", "/quotas", {"assets": 1})])
def test_tenant_that_is_none_is_not_found(admin_api: Api, keeper: World, method: str, path: str, body: object) -> None:
    answer = admin_api(method, f"/v1/tenants/{OTHER}{path}", body, authorizer=ADMIN)

    assert (answer.status, answer.body["code"]) == (404, "not_found")


@pytest.mark.parametrize("scopes", ["read", "read write"])
def test_tenant_does_not_set_its_own_quotas(admin_api: Api, two: World, scopes: str) -> None:
    who = {"tenant": OTHER, "scopes": scopes}

    for tenant in (TENANT, OTHER):
        assert admin_api("PUT", f"/v1/tenants/{tenant}/quotas", {}, authorizer=who).status == 403


def test_new_key_works_and_is_told_once(admin_api: Api, keeper: World) -> None:
    made = admin_api("POST", "/v1/keys", {"scopes": ["read"], "label": "kiosk"}, authorizer=KEEPER)

    listed = admin_api("GET", "/v1/keys", authorizer=KEEPER)
    assert made.status == 201
    assert check_key(made.body["key"], keeper.tenants).scopes == {Scope.READ}
    assert [(key["key_id"], key["label"], key["scopes"]) for key in listed.body["keys"]] == [
        (made.body["key_id"], "kiosk", ["read"])
    ]
    assert "key" not in listed.body["keys"][0]


def test_nobody_gives_a_scope_that_they_lack(admin_api: Api, keeper: World) -> None:
    answer = admin_api("POST", "/v1/keys", {"scopes": ["write"]}, authorizer=ADMIN)

    assert (answer.status, answer.body["code"]) == (403, "missing_scope")
    assert keeper.tenants.keys_of(TENANT) == []


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"scopes": []}, "invalid_request"),
        ({"scopes": ["root"]}, "invalid_request"),
        ({"scopes": ["read"], "expires_at": "2001-01-01T00:00:00Z"}, "invalid_request"),
        ({"scopes": ["read"], "expires_at": "2101-01-01T00:00:00"}, "invalid_request"),
        ({"scopes": ["read"], "expires_at": "9999-12-31T23:59:59-10:00"}, "invalid_request"),
        ({"scopes": ["read"], "tenant_id": ""}, "invalid_request"),
        ({"scopes": ["read"], "tenant_id": "tenant_" + "0" * 3000}, "invalid_request"),
        ({"scopes": ["read"], "tenant_id": OTHER}, "not_found"),
    ],
)
def test_wrong_key_is_not_made(admin_api: Api, keeper: World, body: object, code: str) -> None:
    assert admin_api("POST", "/v1/keys", body, authorizer=KEEPER).body["code"] == code


def test_revoked_key_works_no_longer(admin_api: Api, keeper: World) -> None:
    made = admin_api("POST", "/v1/keys", {"scopes": ["read"]}, authorizer=KEEPER).body

    answer = admin_api("DELETE", f"/v1/keys/{made['key_id']}", authorizer=KEEPER)

    assert answer.body["revoked_at"] is not None
    with pytest.raises(RevokedKey):
        check_key(made["key"], keeper.tenants)
    assert admin_api("DELETE", f"/v1/keys/{made['key_id']}", authorizer=KEEPER).body == answer.body


def test_rotated_key_goes_on_for_its_grace(admin_api: Api, keeper: World) -> None:
    old = admin_api("POST", "/v1/keys", {"scopes": ["read", "write"]}, authorizer=KEEPER).body

    new = admin_api("POST", f"/v1/keys/{old['key_id']}/rotate", {"grace_s": 60}, authorizer=KEEPER).body

    assert check_key(new["key"], keeper.tenants).scopes == {Scope.READ, Scope.WRITE}
    assert check_key(old["key"], keeper.tenants, lambda: datetime.now(UTC)) is not None
    with pytest.raises(ExpiredKey):
        check_key(old["key"], keeper.tenants, lambda: datetime.now(UTC) + timedelta(seconds=61))


def test_nobody_rotates_a_key_with_a_scope_that_they_lack(admin_api: Api, keeper: World) -> None:
    old = admin_api("POST", "/v1/keys", {"scopes": ["read", "write"]}, authorizer=KEEPER).body

    answer = admin_api("POST", f"/v1/keys/{old['key_id']}/rotate", {}, authorizer=ADMIN)

    assert (answer.status, answer.body["code"]) == (403, "missing_scope")
    assert [key.expires_at for key in keeper.tenants.keys_of(TENANT)] == [None]


def test_revoked_key_is_not_rotated(admin_api: Api, keeper: World) -> None:
    old = admin_api("POST", "/v1/keys", {"scopes": ["read"]}, authorizer=KEEPER).body
    admin_api("DELETE", f"/v1/keys/{old['key_id']}", authorizer=KEEPER)

    answer = admin_api("POST", f"/v1/keys/{old['key_id']}/rotate", {}, authorizer=KEEPER)

    assert (answer.status, answer.body["code"]) == (409, "conflict")
    assert [key.key_id for key in keeper.tenants.keys_of(TENANT)] == [old["key_id"]]


def test_expired_key_is_not_rotated(admin_api: Api, keeper: World) -> None:
    old = admin_api("POST", "/v1/keys", {"scopes": ["read"]}, authorizer=KEEPER).body
    admin_api("POST", f"/v1/keys/{old['key_id']}/rotate", {"grace_s": 0}, authorizer=KEEPER)

    answer = admin_api("POST", f"/v1/keys/{old['key_id']}/rotate", {}, authorizer=KEEPER)

    assert (answer.status, answer.body["code"]) == (409, "conflict")
    assert len(keeper.tenants.keys_of(TENANT)) == 2


def test_unknown_key_is_neither_revoked_nor_rotated(admin_api: Api, keeper: World) -> None:
    assert admin_api("DELETE", "/v1/keys/0123456789abcdef", authorizer=KEEPER).status == 404
    assert admin_api("POST", "/v1/keys/0123456789abcdef/rotate", {}, authorizer=KEEPER).status == 404


def test_key_tells_whose_it_is(api: Api, keeper: World) -> None:
    me = api("GET", "/v1/me", authorizer=READER)

    assert (me.body["tenant_id"], me.body["tenant_name"], me.body["scopes"]) == (TENANT, "first", ["read"])


def test_projects_are_listed_to_their_tenant_alone(api: Api, keeper: World) -> None:
    for name in ("wall", "shop"):
        keeper.tenants.note_project(TENANT, name, keeper.now)

    mine, theirs = (
        api("GET", "/v1/projects"),
        api("GET", "/v1/projects", authorizer={"tenant": OTHER, "scopes": "read"}),
    )

    assert [project["project"] for project in mine.body["projects"]] == ["shop", "wall"]
    assert theirs.body == {"projects": [], "next_cursor": None}
    assert api("GET", "/v1/projects", query={"cursor": "../"}).body["code"] == "invalid_id"


@pytest.mark.parametrize("path", ["/v1/me", "/v1/projects"])
def test_key_that_may_not_read_hears_nothing_of_its_tenant(api: Api, path: str) -> None:
    assert api("GET", path, authorizer={"tenant": TENANT, "scopes": "write"}).status == 403
