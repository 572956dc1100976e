"""A project's assets by the client and by the command: listed, counted, deleted."""

import json
from typing import Any

import pytest

from darkroom import ApiError, AssetFilter, Client
from darkroom.cli_assets import blocks
from tests.client.conftest import Run
from tests.client.fake_api import FakeApi

EMPTY = [0] * 20


def summary(n: int) -> dict[str, Any]:
    return {
        "asset_id": f"s{n}", "filename": f"[red]{n}.jpg", "created_at": "2025-01-01T00:00:00Z", "width": 40,
        "height": 30, "bytes": 999, "format": "jpeg", "status": "completed", "stages": {}, "thumbnail_url": None,
        "quality": {"status": "completed", "overall_quality": 0.5, "issues": ["blur"],
                    "suitability": {"score": 83, "category": "high"}},
        "nearest": None, "new_field": 1,
    }  # fmt: skip


@pytest.fixture(autouse=True)
def assets(api: FakeApi) -> None:
    api.page, api.assets = 2, [summary(n) for n in range(5)]
    api.statistics = {
        "assets": 5, "bytes": 4995, "status": {"completed": 5}, "category": {"high": 5}, "issues": {},
        "histograms": {"sharpness": [*EMPTY[:10], 5, *EMPTY[11:]]}, "bins": 20,
    }  # fmt: skip


def test_assets_of_all_pages_are_listed(client: Client, api: FakeApi) -> None:
    found = list(client.list_assets("p", AssetFilter(issue="blur", is_ascending=True)))

    assert [asset.asset_id for asset in found] == ["s0", "s1", "s2", "s3", "s4"]
    assert found[0].quality is not None
    assert found[0].quality.overall_quality == 0.5
    assert api.asked == [{"issue": "blur", "sort": "created", "order": "asc", "limit": "100"}] * 3


def test_range_of_quality_is_sorted_by_it(client: Client, api: FakeApi) -> None:
    list(client.list_assets("p", AssetFilter(min_quality=0.5)))

    assert api.asked[0] == {"min_quality": "0.5", "sort": "overall_quality", "order": "desc", "limit": "100"}


def test_deleted_asset_is_gone(client: Client, api: FakeApi) -> None:
    client.delete_asset("s1")

    assert [asset["asset_id"] for asset in api.assets] == ["s0", "s2", "s3", "s4"]
    with pytest.raises(ApiError, match="not_found"):
        client.delete_asset("s1")


def test_ls_prints_a_line_for_each_asset_up_to_the_limit(run: Run, api: FakeApi) -> None:
    said = run("ls", "p", "--limit", "3", "--category", "high")

    assert said.status == 0
    assert "[red]2.jpg" in said.out
    assert "s3" not in said.out
    assert api.asked[0]["category"] == "high"
    assert api.asked[0]["limit"] == "3"


def test_ls_prints_json(run: Run) -> None:
    said = run("ls", "p", "--json")

    assert [asset["asset_id"] for asset in json.loads(said.out)] == ["s0", "s1", "s2", "s3", "s4"]


def test_ls_of_nothing_says_so(run: Run, api: FakeApi) -> None:
    api.assets = []

    said = run("ls", "p")

    assert (said.status, said.out) == (0, "")
    assert "no such assets" in said.err


def test_stats_prints_counts_and_a_histogram(run: Run) -> None:
    said = run("stats", "p")

    assert "5 assets, 5.0 kB" in said.out
    assert "status: 5 completed" in said.out
    assert "issues: none" in said.out
    assert f"sharpness        0 {' ' * 10}█{' ' * 9} 1" in said.out


def test_stats_prints_json(run: Run) -> None:
    assert json.loads(run("stats", "p", "--json").out)["assets"] == 5


def test_rm_deletes_what_is_named(run: Run, api: FakeApi) -> None:
    said = run("rm", "s0", "s4", "--yes")

    assert (said.status, said.out) == (0, "deleted s0\ndeleted s4\n")
    assert [asset["asset_id"] for asset in api.assets] == ["s1", "s2", "s3"]


def test_rm_deletes_nothing_where_nobody_can_be_asked(run: Run, api: FakeApi) -> None:
    said = run("rm", "s0")

    assert said.status == 2
    assert len(api.assets) == 5


def test_every_count_but_zero_shows_as_a_block() -> None:
    assert blocks((0, 1, 50, 100)) == " ▁▄█"
    assert blocks((0, 0)) == "  "


def group(*ids: str, apart: int = 1) -> dict[str, Any]:
    members = [
        {"asset_id": asset_id, "filename": f"{asset_id}.jpg", "width": 40, "height": 30, "bytes": 999,
         "distance": n * apart, "is_best": n == 0, "overall_quality": 0.5, "thumbnail_url": None, "new_field": 1}
        for n, asset_id in enumerate(ids)
    ]  # fmt: skip
    return {"best": ids[0], "flagged_below": 10, "members": members, "is_whole": True}


def test_duplicates_prints_which_image_of_each_group_to_keep(run: Run, api: FakeApi) -> None:
    api.groups = [group("s0", "s1")]

    said = run("duplicates", "p")

    assert said.out.count("keep") == 1
    assert "s1.jpg" in said.out


def test_duplicates_deletes_what_is_near_the_best(run: Run, api: FakeApi) -> None:
    api.groups = [group("s0", "s1"), group("s4", "s2", "s3")]

    run("duplicates", "p", "--delete", "--yes")

    assert [asset["asset_id"] for asset in api.assets] == ["s0", "s4"]


def test_duplicates_deletes_of_a_chain_only_what_is_near_the_best(run: Run, api: FakeApi) -> None:
    api.groups = [group("s0", "s1", "s2", "s3", apart=9)]

    said = run("duplicates", "p", "--delete", "--yes")

    assert [asset["asset_id"] for asset in api.assets] == ["s0", "s2", "s3", "s4"]
    assert said.out.count("stays") == 2
    assert "too far from the one to keep" in said.err


def test_duplicates_deletes_the_latest_first(run: Run, api: FakeApi) -> None:
    api.groups = [group("s0", "s1", "s2")]

    said = run("duplicates", "p", "--delete", "--yes")

    assert [line for line in said.out.splitlines() if "deleted" in line] == ["deleted s2", "deleted s1"]


def test_best_of_a_group_is_not_deleted_with_another(run: Run, api: FakeApi) -> None:
    api.groups = [group("s0", "s1"), group("s2", "s0", "s1")]

    run("duplicates", "p", "--delete", "--yes")

    assert [asset["asset_id"] for asset in api.assets] == ["s0", "s2", "s3", "s4"]


def test_duplicates_deletes_nothing_unless_told(run: Run, api: FakeApi) -> None:
    api.groups = [group("s0", "s1")]

    run("duplicates", "p", "--json")

    assert len(api.assets) == 5
