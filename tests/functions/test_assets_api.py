"""The routes that list, count and delete a project's images."""

import base64
import json
from datetime import timedelta

import pytest

from shared.domain.asset import Nearest
from shared.domain.likeness import with_nearest
from shared.domain.listing import AssetQuery, Position, Sort, encode_cursor
from shared.domain.stage import Stage
from tests.crashes import watched
from tests.functions.conftest import Api
from tests.likeness import Project
from tests.stores.jobs import NOW, new_asset, new_renditions
from tests.world import PROJECT, TENANT, World

ASSETS, STATISTICS = f"/v1/projects/{PROJECT}/assets", f"/v1/projects/{PROJECT}/statistics"
DUPLICATES = f"/v1/projects/{PROJECT}/duplicates"
STRANGER = {"tenant": "tenant_zzzzzzzzzzzzzzzzzzzzzzzzzz", "scopes": "read write"}
READER = {"tenant": TENANT, "scopes": "read"}
WRITER = {"tenant": TENANT, "scopes": "write"}


@pytest.fixture
def ids(world: World) -> list[str]:
    """Three images, a second apart: blurred and low, sharp and high, and one without a score."""
    made = [
        world.catalog.create(new_asset(f"{n}" * 64, filename=f"{n}.jpg", created_at=NOW + timedelta(seconds=n)))
        for n in range(3)
    ]
    for asset, quality, issues, category in ((made[0], 0.25, ["blur"], "low"), (made[1], 0.75, [], "high")):
        score = {
            "overall_quality": quality,
            "sharpness": quality,
            "brightness": 0.5,
            "contrast": 0.5,
            "uniqueness": 1,
            "issues": issues,
            "suitability": {"score": 70.5, "category": category, "parts": {}},
            "scorer_version": 900,
            "computed_at": "2026-01-02T03:04:05.000000+00:00",
            "raw": {},
        }
        world.catalog.save_score(asset.asset_id, asset.creator, score, 1, NOW)
    return [asset.asset_id for asset in made]


def listed(api: Api, **query: str) -> list[str]:
    answer = api("GET", ASSETS, query=query)
    assert answer.status == 200, answer.body
    return [asset["filename"] for asset in answer.body["assets"]]


# ── Listing ───────────────────────────────────────────────────────────────────────────────────────────────────


def test_images_are_listed_newest_first(api: Api, ids: list[str]) -> None:
    assert listed(api) == ["2.jpg", "1.jpg", "0.jpg"]
    assert listed(api, order="asc") == ["0.jpg", "1.jpg", "2.jpg"]


def test_listed_image_has_its_scores_and_its_nearest(api: Api, world: World, ids: list[str]) -> None:
    nearest = Nearest(ids[0], NOW, 5)
    world.catalog.change(ids[1], lambda asset: with_nearest(asset, nearest), NOW)

    asset = api("GET", ASSETS, query={"category": "high"}).body["assets"][0]

    assert asset == {
        "asset_id": ids[1],
        "filename": "1.jpg",
        "created_at": "2026-01-02T03:04:06Z",
        "width": 40,
        "height": 30,
        "bytes": 1000,
        "format": "jpeg",
        "status": "processing",
        "stages": {"validation": "completed", "thumbnails": "pending", "variants": "pending", "quality": "completed"},
        "thumbnail_url": None,
        "quality": {
            "status": "completed",
            "overall_quality": 0.75,
            "sharpness": 0.75,
            "brightness": 0.5,
            "contrast": 0.5,
            "uniqueness": 1.0,
            "issues": [],
            "suitability": {"score": 70.5, "category": "high"},
            "scored_at": "2026-01-02T03:04:05Z",
        },
        "nearest": {"asset_id": ids[0], "distance": 5},
    }
    assert api("GET", f"/v1/assets/{ids[1]}").body["quality"]["nearest"] == {"asset_id": ids[0], "distance": 5}


def test_listed_image_without_scores_has_none(api: Api, ids: list[str]) -> None:
    asset = api("GET", ASSETS).body["assets"][0]

    assert (asset["quality"]["status"], asset["quality"]["overall_quality"]) == ("pending", None)
    assert (asset["quality"]["issues"], asset["nearest"]) == ([], None)
    assert api("GET", f"/v1/assets/{ids[2]}").body["quality"]["nearest"] is None


def test_listed_image_has_a_thumbnail_once_it_is_made(api: Api, world: World, ids: list[str]) -> None:
    creator = new_asset().creator
    world.catalog.save_renditions(ids[2], creator, Stage.THUMBNAILS, new_renditions(thumb_300=10), 1, NOW)

    urls = [asset["thumbnail_url"] for asset in api("GET", ASSETS).body["assets"]]

    assert urls[1:] == [None, None]
    assert "renditions/thumb_300.jpg" in urls[0]
    assert "X-Amz-Signature" in urls[0] or "Signature=" in urls[0]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"issue": "blur"}, ["0.jpg"]),
        ({"issue": "uniform"}, []),
        ({"category": "low", "sort": "overall_quality"}, ["0.jpg"]),
        ({"sort": "overall_quality"}, ["1.jpg", "0.jpg"]),
        ({"sort": "sharpness", "order": "asc"}, ["0.jpg", "1.jpg"]),
        ({"sort": "uniqueness", "limit": "1", "order": "asc"}, ["0.jpg", "1.jpg"]),
        ({"sort": "overall_quality", "min_quality": "0.75"}, ["1.jpg"]),
        ({"sort": "overall_quality", "max_quality": "0.25", "issue": "blur"}, ["0.jpg"]),
        ({"sort": "overall_quality", "min_quality": "0.3", "max_quality": "0.7"}, []),
        ({"sort": "overall_quality", "min_quality": "1e-200"}, ["1.jpg", "0.jpg"]),
    ],
)
def test_images_are_filtered_and_sorted(api: Api, ids: list[str], query: dict[str, str], found: list[str]) -> None:
    if "limit" in query:  # of equals, either may come first
        assert listed(api, **query)[0] in found
    else:
        assert listed(api, **query) == found


@pytest.mark.parametrize(
    "query",
    [
        {"issue": "blur", "sort": "scored"},
        {"category": "low", "sort": "sharpness"},
        {"issue": "blur", "category": "low"},
        {"issue": "blur", "category": "low", "sort": "overall_quality", "min_quality": "0"},
        {"min_quality": "0.5"},
        {"max_quality": "0.5", "sort": "uniqueness"},
    ],
)
def test_listing_that_no_index_serves_is_refused_with_those_that_are(
    api: Api, ids: list[str], query: dict[str, str]
) -> None:
    answer = api("GET", ASSETS, query=query)

    assert (answer.status, answer.body["code"]) == (422, "unsupported_listing")
    assert "no filter by created or scored or overall_quality or sharpness or uniqueness;" in answer.body["detail"]
    assert "issue or category by created or overall_quality;" in answer.body["detail"]


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("sort", "bytes"),
        ("order", "up"),
        ("limit", "0"),
        ("limit", "101"),
        ("min_quality", "-0.1"),
        ("max_quality", "1.1"),
        ("min_quality", "nan"),
        ("issue", "ugly"),
        ("issue", ""),
        ("category", "middling"),
    ],
)
def test_wrong_option_of_a_listing_is_refused_by_name(api: Api, option: str, value: str) -> None:
    answer = api("GET", ASSETS, query={option: value})

    assert (answer.status, answer.body["code"]) == (422, "invalid_request")
    assert [error["loc"] for error in answer.body["errors"]] == [["query", option]]


def test_range_that_is_upside_down_is_refused(api: Api) -> None:
    query = {"sort": "overall_quality", "min_quality": "0.6", "max_quality": "0.4"}

    assert api("GET", ASSETS, query=query).body["code"] == "invalid_request"


def test_pages_follow_each_other(api: Api, ids: list[str]) -> None:
    first = api("GET", ASSETS, query={"limit": "2"}).body
    second = api("GET", ASSETS, query={"limit": "1", "cursor": first["next_cursor"]}).body

    assert [asset["filename"] for asset in first["assets"] + second["assets"]] == ["2.jpg", "1.jpg", "0.jpg"]
    assert second["next_cursor"] is None


@pytest.mark.parametrize(
    "other",
    [
        {"order": "asc"},
        {"sort": "overall_quality"},
        {"category": "low"},
    ],
)
def test_cursor_of_another_query_is_refused(api: Api, ids: list[str], other: dict[str, str]) -> None:
    cursor = api("GET", ASSETS, query={"limit": "1"}).body["next_cursor"]

    answer = api("GET", ASSETS, query={**other, "cursor": cursor})

    assert (answer.status, answer.body["code"]) == (422, "invalid_cursor")


def test_cursor_of_another_project_or_tenant_is_refused(api: Api, ids: list[str]) -> None:
    cursor = api("GET", ASSETS, query={"limit": "1"}).body["next_cursor"]

    answers = [
        api("GET", "/v1/projects/other/assets", query={"cursor": cursor}),
        api("GET", ASSETS, query={"cursor": cursor}, authorizer=STRANGER),
    ]

    assert [answer.body["code"] for answer in answers] == ["invalid_cursor", "invalid_cursor"]


@pytest.mark.parametrize("value", [["2026-01-02T03:04:05+00:00"], {"a": 1}, 7, None, [[], {}, 7], [True, "x", "y"]])
def test_cursor_that_was_made_up_is_refused(api: Api, value: object) -> None:
    cursor = base64.urlsafe_b64encode(json.dumps(value).encode()).decode()

    answer = api("GET", ASSETS, query={"cursor": cursor})

    assert (answer.status, answer.body["code"]) == (422, "invalid_cursor")


@pytest.mark.parametrize("value", [1e-200, True, -0.5, 2])
def test_cursor_at_a_place_that_is_none_is_refused(api: Api, value: float) -> None:
    query = AssetQuery(sort=Sort.OVERALL_QUALITY)
    cursor = encode_cursor(TENANT, PROJECT, query, Position(value, "asset_" + "a" * 32))

    answer = api("GET", ASSETS, query={"cursor": cursor, "sort": "overall_quality"})

    assert (answer.status, answer.body["code"]) == (422, "invalid_cursor")


@pytest.mark.parametrize("cursor", ["x", "%%%", "7", "[]", "A" * 450, "W1tbW1tb"])
def test_cursor_that_is_none_is_refused(api: Api, cursor: str) -> None:
    answer = api("GET", ASSETS, query={"cursor": cursor})

    assert (answer.status, answer.body["code"]) == (422, "invalid_cursor")


def test_tampered_cursor_is_refused(api: Api, ids: list[str]) -> None:
    cursor = api("GET", ASSETS, query={"limit": "1"}).body["next_cursor"]
    place, asset_id, seal = json.loads(base64.urlsafe_b64decode(cursor))
    forged = base64.urlsafe_b64encode(json.dumps([place.replace("2026", "2027"), asset_id, seal]).encode()).decode()

    assert api("GET", ASSETS, query={"cursor": forged}).body["code"] == "invalid_cursor"


# ── Counting ──────────────────────────────────────────────────────────────────────────────────────────────────


def test_statistics_count_what_is_there(api: Api, ids: list[str]) -> None:
    body = api("GET", STATISTICS).body

    assert {name: body[name] for name in ("project", "assets", "bytes", "category", "issues", "bins")} == {
        "project": PROJECT,
        "assets": 3,
        "bytes": 3000,
        "category": {"low": 1, "high": 1},
        "issues": {"blur": 1},
        "bins": 20,
    }
    assert body["status"] == {"processing": 3}
    assert body["histograms"]["overall_quality"] == [0] * 5 + [1] + [0] * 9 + [1] + [0] * 4
    assert body["histograms"]["uniqueness"] == [0] * 19 + [2]


def test_statistics_of_a_project_without_images_are_zeros(api: Api) -> None:
    answer = api("GET", STATISTICS)

    assert (answer.status, answer.body["assets"], answer.body["status"]) == (200, 0, {})
    assert answer.body["histograms"]["sharpness"] == [0] * 20


# ── Deleting ──────────────────────────────────────────────────────────────────────────────────────────────────


def test_deleted_image_is_gone_at_once_on_every_route(api: Api, ids: list[str]) -> None:
    path = f"/v1/assets/{ids[1]}"

    answer = api("DELETE", path)

    assert (answer.status, answer.body) == (204, None)
    after = [
        api("GET", path),
        api("GET", f"{path}/renditions/thumb_300"),
        api("POST", f"{path}/retry"),
        api("DELETE", path),
    ]
    assert [(again.status, again.body["code"]) for again in after] == [(404, "not_found")] * 4
    assert listed(api) == ["2.jpg", "0.jpg"]
    assert listed(api, category="high") == []
    assert api("GET", STATISTICS).body["assets"] == 2


# ── Who may ───────────────────────────────────────────────────────────────────────────────────────────────────


def test_another_tenants_image_is_not_deleted(api: Api, ids: list[str]) -> None:
    with watched() as calls:
        answer = api("DELETE", f"/v1/assets/{ids[0]}", authorizer=STRANGER)

    assert (answer.status, answer.body["code"], calls.made) == (404, "not_found", [])


def test_key_that_may_only_read_deletes_nothing(api: Api, ids: list[str]) -> None:
    with watched() as calls:
        answer = api("DELETE", f"/v1/assets/{ids[0]}", authorizer=READER)

    assert (answer.status, answer.body["code"], calls.made) == (403, "missing_scope", [])


@pytest.mark.parametrize("path", [ASSETS, STATISTICS, DUPLICATES])
def test_key_that_may_only_write_sees_no_images(api: Api, path: str) -> None:
    assert api("GET", path, authorizer=WRITER).body["code"] == "missing_scope"


def test_another_tenants_project_of_the_same_name_is_empty(api: Api, ids: list[str]) -> None:
    assert api("GET", ASSETS, authorizer=STRANGER).body == {"assets": [], "next_cursor": None}
    assert api("GET", ASSETS, query={"issue": "blur"}, authorizer=STRANGER).body["assets"] == []
    assert api("GET", STATISTICS, authorizer=STRANGER).body["assets"] == 0


@pytest.mark.parametrize("path", ["/v1/projects/-/assets", "/v1/projects/-/statistics", "/v1/projects/-/duplicates"])
def test_project_that_cannot_be_is_refused(api: Api, path: str) -> None:
    assert api("GET", path).status == 422


def test_what_is_no_assets_id_is_not_deleted(api: Api) -> None:
    answer = api("DELETE", "/v1/assets/7")

    assert (answer.status, answer.body["code"]) == (400, "invalid_id")


def test_near_duplicates_are_told_in_groups(api: Api, world: World) -> None:
    project = Project(world, {0: 0b0, 1: 0b1})
    for n in (0, 1):
        project.create(n)
        project.score(n)

    answer = api("GET", DUPLICATES)

    [group] = answer.body["groups"]
    assert [member["asset_id"] for member in group["members"]] == [project.live[n].asset_id for n in (0, 1)]
    assert api("GET", DUPLICATES, authorizer=STRANGER).body == {"groups": [], "next_cursor": None}


def test_cursor_of_another_listing_goes_on_with_no_groups(api: Api) -> None:
    answer = api("GET", DUPLICATES, query={"cursor": "nonsense"})

    assert (answer.status, answer.body["code"]) == (422, "invalid_cursor")
