"""Nearest images: whatever the order, the races, the repetitions and the deletes, the end is that of one pass."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from datetime import timedelta
from functools import partial
from itertools import count

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from moto import mock_aws

from shared.domain.asset import Asset, Nearest
from shared.domain.grave import burial
from shared.domain.likeness import rank, with_nearest
from shared.domain.scoring import UNIQUE_DISTANCE, judge
from shared.stores.hashes import HashStore
from shared.usecases.find_nearest import Likeness, Scored, save_with_nearest
from shared.usecases.forget_asset import forget_asset
from tests.cloud import build
from tests.crashes import died, interrupted
from tests.stores.jobs import new_asset
from tests.world import PROJECT, TENANT, World

RAW = {
    "detail": 500.0,
    "luma_mean": 120.0,
    "luma_deviation": 50.0,
    "short_edge": 800.0,
    "aspect_ratio": 1.5,
    "pixels": 900_000.0,
    "subject_share": 0.3,
    "subject_visible": 1.0,
    "subject_count": 1.0,
}


@dataclass
class Project:
    """Images of one project by number: the lower the number, the earlier the image."""

    world: World
    hashes: dict[int, int]
    tail: int = 3
    live: dict[int, Asset] = field(default_factory=dict)
    lives: count[int] = field(default_factory=count)

    def __post_init__(self) -> None:
        self.catalog = self.world.catalog
        store = HashStore(self.world.cloud.catalog_table, self.world.cloud.renditions_bucket, self.tail)
        self.on = Likeness(self.catalog, store)

    def create(self, n: int) -> None:
        if n in self.live:
            return
        life = next(self.lives)
        created_at = self.world.now + timedelta(seconds=n, microseconds=life)
        asset = new_asset(f"{n:064d}", creator=f"job_x.t{life:05d}", created_at=created_at)
        self.live[n] = self.catalog.create(asset)

    def score(self, n: int) -> None:
        asset = self.live.get(n)
        if asset is not None:
            self.score_as(asset, self.hashes[n])

    def score_as(self, asset: Asset, bits: int) -> None:
        """The work of a scorer that holds this message, be the asset alive or not."""
        quality = {**asdict(judge(RAW, (100, 100, 100), f"{bits:016x}")), "computed_at": "2026-01-02T03:04:05+00:00"}
        scored = Scored(TENANT, PROJECT, asset.asset_id, asset.creator, asset.created_at, quality, 1)
        save_with_nearest(scored, self.on, self.world.clock)

    def delete(self, n: int) -> None:
        asset = self.live.pop(n, None)
        if asset is None:
            return
        self.catalog.delete(asset.asset_id, TENANT, self.world.clock())
        self.forget(asset)

    def play(self, steps: list[tuple[str, int]]) -> None:
        for what, n in steps:
            {"score": self.score, "delete": self.delete}[what](n)

    def forget(self, asset: Asset) -> None:
        grave = burial(asset, None, self.world.now)
        assert grave is not None
        forget_asset(grave, self.on, self.world.clock)

    def assert_is_as_one_pass_would_leave_it(self) -> None:
        images = {asset.asset_id: n for n, asset in self.live.items()}
        standing = {images[asset.asset_id]: asset for asset in self.world.all_assets() if asset.quality}
        for n, asset in standing.items():
            near = [
                Nearest(other.asset_id, other.created_at, distance)
                for m, other in standing.items()
                if (other.created_at, other.asset_id) < (asset.created_at, asset.asset_id)
                and (distance := (self.hashes[m] ^ self.hashes[n]).bit_count()) < UNIQUE_DISTANCE
            ]
            expected = min(near, key=rank, default=None)
            assert asset.nearest == expected
            assert told(asset) == told(with_nearest(asset, expected))


def told(asset: Asset) -> list[object]:
    """What its scores say of its likeness."""
    quality = asset.quality or {}
    return [quality["uniqueness"], quality["overall_quality"], list(quality["issues"])]


def likes(seed: int, size: int) -> dict[int, int]:
    """Hashes of which most are near some others."""
    rng = np.random.default_rng(seed)
    bases = [int(base) for base in rng.integers(0, 2**64, 3, dtype=np.uint64)]
    flips = [rng.choice(64, int(rng.integers(0, 12)), replace=False) for _ in range(size)]
    return {n: bases[n % 3] ^ sum(1 << int(bit) for bit in bits) for n, bits in enumerate(flips)}


@given(
    seed=st.integers(0, 1000),
    steps=st.lists(st.tuples(st.sampled_from(["score", "score", "score", "delete"]), st.integers(0, 8)), max_size=30),
)
@settings(max_examples=25, deadline=None)
def test_any_order_with_deletes_and_repetitions_ends_as_one_pass(seed: int, steps: list[tuple[str, int]]) -> None:
    with mock_aws():
        project = Project(World(build()), likes(seed, 9))
        for what, n in steps:
            project.create(n)
            project.play([(what, n)])

        project.assert_is_as_one_pass_would_leave_it()


RIVALS: dict[str, list[tuple[str, int]]] = {
    "an earlier one is scored": [("score", 1)],
    "a later one is scored": [("score", 4)],
    "several are scored": [("score", 1), ("score", 4), ("score", 5)],
    "the nearest is deleted": [("delete", 0)],
    "the nearest is deleted and another scored": [("delete", 0), ("score", 1)],
    "it is deleted itself": [("delete", 2)],
    "a later one is deleted": [("delete", 3)],
}


@pytest.mark.parametrize("rival", RIVALS)
@pytest.mark.parametrize("act", ["score", "delete"])
def test_whoever_comes_in_between_the_end_is_as_one_pass(rival: str, act: str) -> None:
    """Image 2 is scored, or image 0 deleted, and right before each of its calls somebody else does all of theirs."""
    nth = 0
    while True:
        nth += 1
        with mock_aws():
            project = _three_scored(act)
            with interrupted(nth, partial(project.play, RIVALS[rival])) as calls:
                project.play([("score", 2) if act == "score" else ("delete", 0)])

            project.assert_is_as_one_pass_would_leave_it()
        if len(calls) < nth:
            return


@pytest.mark.parametrize("act", ["score", "delete"])
def test_cut_off_anywhere_and_done_again_the_end_is_as_one_pass(act: str) -> None:
    cut_after, is_cut = 0, True
    while is_cut:
        cut_after += 1
        with mock_aws():
            project = _three_scored(act)
            gone = project.live.pop(0) if act == "delete" else None
            if gone is not None:
                project.catalog.delete(gone.asset_id, TENANT, project.world.clock())

            def run(project: Project = project, gone: Asset | None = gone) -> None:
                project.forget(gone) if gone else project.score(2)

            is_cut = died(cut_after, run)
            run()

            project.assert_is_as_one_pass_would_leave_it()


def test_scorer_that_comes_after_the_delete_leaves_no_trace() -> None:
    with mock_aws():
        project = _three_scored("delete")
        late = project.live[0]
        project.delete(0)

        project.score_as(late, project.hashes[0])
        project.score(1)

        project.assert_is_as_one_pass_would_leave_it()


def _three_scored(act: str) -> Project:
    """Six images much alike; 0 and 3 are scored, and 2 as well where it is not the one at work."""
    close = {n: (1 << (2 * n)) - 1 for n in range(6)}
    project = Project(World(build()), close, tail=2)
    for n in range(6):
        project.create(n)
    for n in (0, 3) if act == "score" else (0, 2, 3):
        project.score(n)
    return project
