"""Listings of a project's assets: what each finds, in which order, page by page."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis.strategies import booleans, composite, integers, lists, none, sampled_from
from moto import mock_aws

from shared.domain.asset import Asset
from shared.domain.listing import INDEXES, AssetQuery, Filters, Sort, index_of
from shared.stores import rows
from shared.stores.dynamo import batch_put
from shared.stores.listings import ListingStore
from tests.cloud import build
from tests.stores.jobs import NOW, STRANGER, new_asset
from tests.world import PROJECT, TENANT, World

FEW = (0, 0.25, 0.5, 1)
"""So few values that most are equal."""
ISSUES, CATEGORIES = ("blur", "low_contrast"), ("high", "low")
EXAMPLES: Mapping[Filters, dict[str, Any]] = {
    Filters.NONE: {},
    Filters.LABEL: {"issue": "blur"},
    Filters.QUALITY: {"min_quality": 0.25, "max_quality": 0.5},
    Filters.LABEL_AND_QUALITY: {"category": "low", "min_quality": 0.25},
}
VALUES: Mapping[Sort, str] = {
    Sort.SCORED: "computed_at",
    Sort.OVERALL_QUALITY: "overall_quality",
    Sort.SHARPNESS: "sharpness",
    Sort.UNIQUENESS: "uniqueness",
}


def score(n: int) -> dict[str, Any]:
    """Scores that many of the numbers share."""
    return {
        "overall_quality": FEW[n % 4],
        "sharpness": FEW[n // 2 % 4],
        "uniqueness": FEW[n % 3] if n % 5 else None,
        "issues": [issue for i, issue in enumerate(ISSUES) if n >> i & 1],
        "suitability": {"score": 50, "category": CATEGORIES[n // 3 % 2]},
        "scorer_version": 900,
        "computed_at": rows.to_text(NOW + timedelta(seconds=n % 4)),
    }


def fill(world: World, scores: list[int | None]) -> list[Asset]:
    """An asset for each number, None for one without scores; rows as the catalog writes them."""
    assets = [
        new_asset(f"{at:064d}", created_at=NOW + timedelta(seconds=at % 3), quality=None if n is None else score(n))
        for at, n in enumerate(scores)
    ]
    found = [row for asset in assets for row in (rows.asset_row(asset), *rows.label_rows(asset).values())]
    for start in range(0, len(found), 25):
        batch_put(world.cloud.catalog_table, found[start : start + 25])
    return assets


def read(world: World, query: AssetQuery, limit: int, tenant: str = TENANT, project: str = PROJECT) -> list[str]:
    store, index, after, found = ListingStore(world.cloud.catalog_table), index_of(query), None, []
    while True:
        page = store.page(tenant, project, query, index, after, limit)
        assert len(page.asset_ids) <= limit
        found += page.asset_ids
        after = page.last
        if after is None:
            return found


def value_of(asset: Asset, sort: Sort) -> Any:
    return rows.to_text(asset.created_at) if sort is Sort.CREATED else (asset.quality or {}).get(VALUES[sort])


def expected(assets: list[Asset], query: AssetQuery) -> set[str]:
    """The ids by filtering in Python."""
    low, high = query.quality_range or (0, 1)
    return {
        asset.asset_id
        for asset in assets
        if value_of(asset, query.sort) is not None
        and (query.issue is None or query.issue in (asset.quality or {"issues": ()})["issues"])
        and (query.category is None or (asset.quality and asset.quality["suitability"]["category"] == query.category))
        and (query.quality_range is None or low <= (asset.quality or {})["overall_quality"] <= high)
    }


@pytest.mark.parametrize("is_descending", [True, False])
@pytest.mark.parametrize(("filters", "sort"), INDEXES)
def test_each_asset_of_a_listing_comes_once_and_in_order(
    world: World, filters: Filters, sort: Sort, is_descending: bool
) -> None:
    assets = fill(world, [*range(12), None, None])
    query = AssetQuery(sort, is_descending, **EXAMPLES[filters])
    by_id = {asset.asset_id: asset for asset in assets}

    found = read(world, query, limit=2)

    values = [value_of(by_id[asset_id], sort) for asset_id in found]
    assert len(found) == len(set(found))
    assert set(found) == expected(assets, query) != set()
    assert values == sorted(values, reverse=is_descending)


@pytest.mark.parametrize(("filters", "sort"), INDEXES)
def test_another_tenant_or_project_lists_nothing(world: World, filters: Filters, sort: Sort) -> None:
    fill(world, [*range(12), None])
    query = AssetQuery(sort, **EXAMPLES[filters])

    assert read(world, query, 10, tenant=STRANGER) == []
    assert read(world, query, 10, project="other") == []


@composite
def queries(draw: Any) -> AssetQuery:
    filters, sort = draw(sampled_from(sorted(INDEXES)))
    is_labelled = filters in {Filters.LABEL, Filters.LABEL_AND_QUALITY}
    is_by_issue = is_labelled and draw(booleans())
    ends = sorted(draw(lists(sampled_from(FEW), min_size=2, max_size=2)))
    low, high = ends if filters in {Filters.QUALITY, Filters.LABEL_AND_QUALITY} else (None, None)
    issue = draw(sampled_from(ISSUES)) if is_by_issue else None
    category = draw(sampled_from(CATEGORIES)) if is_labelled and not is_by_issue else None
    return AssetQuery(sort, draw(booleans()), issue, category, low, high)


@given(scores=lists(integers(0, 11) | none(), max_size=12), asked=lists(queries(), min_size=3, max_size=6))
@settings(max_examples=15, deadline=None)
def test_listing_equals_filtering_and_sorting_everything(scores: list[int | None], asked: list[AssetQuery]) -> None:
    with mock_aws():
        world = World(build())
        assets = fill(world, scores)
        by_id = {asset.asset_id: asset for asset in assets}
        for query in asked:
            found = read(world, query, limit=3)
            values = [value_of(by_id[asset_id], query.sort) for asset_id in found]
            assert sorted(found) == sorted(expected(assets, query))
            assert values == sorted(values, reverse=query.is_descending)
