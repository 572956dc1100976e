"""The tenant's presets as people set them."""

from datetime import UTC, datetime

import pytest

from shared.domain.presets import BUILT_IN
from tests.functions.conftest import Api
from tests.pictures import photo
from tests.world import PROJECT, TENANT, World

PATH = "/v1/settings/presets"
HERO = {"name": "hero", "longer_edge": 1600, "format": "avif", "quality": 60}
STRANGER = {"tenant": "tenant_zzzzzzzzzzzzzzzzzzzzzzzzzz", "scopes": "read write"}
READER = {"tenant": TENANT, "scopes": "read"}


def names(body: dict[str, list[dict[str, str]]]) -> list[str]:
    return [row["name"] for row in body["presets"]]


def test_tenant_begins_with_the_built_in_presets(admin_api: Api) -> None:
    answer = admin_api("GET", PATH)

    assert (answer.status, names(answer.body)) == (200, [preset.name for preset in BUILT_IN])
    assert all(row["built_in"] and row["enabled"] and len(row["recipe"]) == 8 for row in answer.body["presets"])


def test_put_replaces_the_tenants_rows_and_leaves_the_built_ins(admin_api: Api) -> None:
    admin_api("PUT", PATH, {"presets": [{"name": "old", "box": [10, 10]}]})

    answer = admin_api("PUT", PATH, {"presets": [HERO]})

    assert answer.status == 200
    assert names(answer.body) == [*(preset.name for preset in BUILT_IN), "hero"]
    assert answer.body["presets"][-1]["box"] == [1600, 1600]
    assert admin_api("GET", PATH).body == answer.body


def test_built_in_preset_can_be_switched_off(admin_api: Api) -> None:
    answer = admin_api("PUT", PATH, {"presets": [{"name": "zoom", "enabled": False, "box": None, "stage": None}]})

    assert [row["name"] for row in answer.body["presets"] if not row["enabled"]] == ["zoom"]


@pytest.mark.parametrize("change", [{"box": [5, 5]}, {"quality": 1}, {"format": "webp"}, {"longer_edge": 9}])
def test_built_in_preset_cannot_be_redefined(admin_api: Api, change: dict[str, object]) -> None:
    answer = admin_api("PUT", PATH, {"presets": [{"name": "zoom"} | change]})

    assert (answer.status, answer.body["code"]) == (409, "preset_built_in")


def test_what_get_shows_may_be_put_back_and_changes_nothing(admin_api: Api) -> None:
    admin_api("PUT", PATH, {"presets": [HERO, {"name": "card", "enabled": False}]})
    shown = admin_api("GET", PATH).body

    answer = admin_api("PUT", PATH, shown)

    assert (answer.status, answer.body) == (200, shown)


@pytest.mark.parametrize(
    ("row", "field"),
    [
        ({"name": "Hero", "box": [1, 1]}, "name"),
        ({"name": "original", "box": [1, 1]}, "name"),
        ({"name": "a/b", "box": [1, 1]}, "name"),
        ({"name": "a", "box": [0, 1]}, "box"),
        ({"name": "a", "box": [16_384, 1]}, "box"),
        ({"name": "a", "box": [1, 1], "longer_edge": 1}, "box"),
        ({"name": "a"}, "box"),
        ({"name": "a", "box": [1, 1], "format": "gif"}, "format"),
        ({"name": "a", "box": [1, 1], "quality": 101}, "quality"),
        ({"name": "a", "box": [1, 1], "mode": "lazy"}, "mode"),
        ({"name": "a", "box": [1, 1], "stage": "quality"}, "stage"),
        ({"name": "a", "box": [16_000, 16_000]}, "presets"),
    ],
)
def test_wrong_row_is_refused_by_its_field(admin_api: Api, row: dict[str, object], field: str) -> None:
    answer = admin_api("PUT", PATH, {"presets": [row]})

    assert (answer.status, answer.body["code"]) == (422, "invalid_request")
    assert field in [part for found in answer.body["errors"] for part in found["loc"]]
    assert names(admin_api("GET", PATH).body) == [preset.name for preset in BUILT_IN]


def test_two_rows_of_one_name_are_refused(admin_api: Api) -> None:
    answer = admin_api("PUT", PATH, {"presets": [HERO, HERO]})

    assert [found["code"] for found in answer.body["errors"]] == ["duplicate", "duplicate"]


def test_tenant_has_so_many_rows_at_most(admin_api: Api) -> None:
    answer = admin_api("PUT", PATH, {"presets": [{"name": f"p{n}", "box": [9, 9]} for n in range(33)]})

    assert (answer.status, answer.body["limit"], answer.body["measured"]) == (422, 32, 33)


def test_presets_of_another_tenant_are_not_shown(admin_api: Api) -> None:
    admin_api("PUT", PATH, {"presets": [HERO]})

    assert "hero" not in names(admin_api("GET", PATH, authorizer=STRANGER).body)


def tag(admin_api: Api) -> str:
    return admin_api("GET", PATH).headers["ETag"]


def test_presets_that_somebody_else_has_changed_are_not_replaced(admin_api: Api) -> None:
    read = tag(admin_api)
    theirs = admin_api("PUT", PATH, {"presets": [HERO]}, headers={"If-Match": read})

    mine = admin_api("PUT", PATH, {"presets": []}, headers={"If-Match": read})

    assert (theirs.status, mine.status, mine.body["code"]) == (200, 412, "precondition_failed")
    assert admin_api("GET", PATH).body == theirs.body


def test_answer_to_a_put_names_the_state_for_the_next(admin_api: Api) -> None:
    first = admin_api("PUT", PATH, {"presets": [HERO]})

    second = admin_api("PUT", PATH, {"presets": []}, headers={"If-Match": first.headers["ETag"]})

    assert second.status == 200
    assert second.headers["ETag"] == tag(admin_api) != first.headers["ETag"]


def test_put_that_was_sent_twice_succeeds_twice(admin_api: Api) -> None:
    headers = {"If-Match": tag(admin_api)}

    answers = [admin_api("PUT", PATH, {"presets": [HERO]}, headers=headers) for _ in range(2)]

    assert [answer.status for answer in answers] == [200, 200]


@pytest.mark.parametrize(
    ("if_match", "status"), [("*", 200), ('"7", "1"', 200), ('"7"', 412), ('W/"1"', 412), ("1", 412), ("", 412)]
)
def test_if_match_is_that_of_the_standard(admin_api: Api, if_match: str, status: int) -> None:
    admin_api("PUT", PATH, {"presets": [HERO]})

    assert admin_api("PUT", PATH, {"presets": []}, headers={"If-Match": if_match}).status == status


def test_presets_are_set_with_the_scope_write(admin_api: Api) -> None:
    assert admin_api("PUT", PATH, {"presets": []}, authorizer=READER).status == 403
    assert admin_api("GET", PATH, authorizer={**READER, "scopes": "write"}).status == 403


# ── Rebuilding ────────────────────────────────────────────────────────────────────────────────────────────────

REBUILD = f"/v1/projects/{PROJECT}/renditions/rebuild"


@pytest.fixture
def image(world: World) -> World:
    """A project of one image, with a preset that was set afterwards."""
    world.once(_preset_late)
    return world


def _preset_late(world: World) -> None:
    world.now = datetime.now(UTC)
    _, uploads = world.upload(photo(1, 40, 30))
    world.run(uploads)
    world.set_presets({"name": "hero", "box": [9, 9]})


def test_rebuild_says_at_once_how_many_images_it_has(api: Api, image: World) -> None:
    answer = api("POST", REBUILD)

    assert (answer.status, answer.body["total_images"], answer.body["status"]) == (201, 1, "pending")
    assert api("GET", f"/v1/jobs/{answer.body['job_id']}").body["kind"] == "renditions"


def test_second_rebuild_names_the_job_at_work(api: Api, image: World) -> None:
    job_id = api("POST", REBUILD).body["job_id"]

    answer = api("POST", REBUILD)

    assert (answer.status, answer.body["code"], answer.body["job_id"]) == (409, "job_active", job_id)


@pytest.mark.parametrize(("option", "value"), [("batch_size", "51"), ("delay_ms", "-1"), ("only_missing", "perhaps")])
def test_wrong_option_of_a_rebuild_is_refused(api: Api, image: World, option: str, value: str) -> None:
    assert api("POST", REBUILD, query={option: value}).status == 422


def test_rebuild_of_another_tenants_project_finds_none_of_its_images(api: Api, image: World) -> None:
    assert api("POST", REBUILD, authorizer=STRANGER).body["total_images"] == 0


def test_rebuild_needs_the_scope_write(api: Api, image: World) -> None:
    assert api("POST", REBUILD, authorizer=READER).status == 403


def test_rendition_that_is_being_made_says_when_to_ask_again(api: Api, image: World) -> None:
    asset = image.all_assets()[0]

    answer = api("GET", f"/v1/assets/{asset.asset_id}/renditions/hero")

    assert (answer.status, answer.body["code"], answer.body["retry_after"]) == (409, "not_ready", 2)
    assert answer.headers["Retry-After"] == "2"
