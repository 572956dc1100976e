"""A project of images of which only the hashes matter, worked on by the real code, and one pass over it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from datetime import timedelta
from typing import Any

import numpy as np

from shared.domain import keys
from shared.domain.asset import Asset, Nearest
from shared.domain.grave import burial
from shared.domain.hashes import merge, pack
from shared.domain.likeness import with_nearest, with_score
from shared.domain.member import Member
from shared.domain.scoring import UNIQUE_DISTANCE, judge
from shared.domain.stage import Stage
from shared.domain.statistics import read_statistics, statistics_change
from shared.domain.task import StageStatus
from shared.errors import NotFound
from shared.stores import rows
from shared.stores.dynamo import marshal, unmarshal
from shared.stores.hashes import HashStore
from shared.usecases.find_nearest import Likeness, Scored, save_with_nearest
from shared.usecases.forget_asset import forget_asset
from tests.stores.jobs import new_asset
from tests.world import PROJECT, START, TENANT, World

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
FLAT = RAW | {"luma_deviation": 1.0}

Hash = int | None
"""64 bits; None for a flat image."""


def quality_of(bits: Hash) -> dict[str, Any]:
    score = judge(FLAT, (100, 100, 100), None) if bits is None else judge(RAW, (100, 100, 100), f"{bits:016x}")
    return {**asdict(score), "computed_at": "2026-01-02T03:04:05+00:00"}


@dataclass
class Project:
    """Images of one project by number: the lower the number, the earlier the image, or of the same moment."""

    world: World
    hashes: dict[int, Hash]
    tail: int = 3
    per_second: int = 1
    live: dict[int, Asset] = field(default_factory=dict)
    lives: Counter[int] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.catalog = self.world.catalog
        self.on = self.worker()

    def worker(self) -> Likeness:
        """What one more worker works with: it keeps segments of its own."""
        return Likeness(
            self.catalog, HashStore(self.world.cloud.catalog_table, self.world.cloud.renditions_bucket, self.tail)
        )

    def create(self, n: int) -> None:
        if n in self.live:
            return
        life = self.lives[n]
        self.lives[n] += 1
        created_at = START + timedelta(seconds=n // self.per_second, microseconds=life)
        asset = new_asset(f"{n:064d}", creator=f"job_x.t{n:05d}{life:02d}", created_at=created_at)
        self.live[n] = self.catalog.create(asset)

    def score(self, n: int) -> None:
        asset = self.live.get(n)
        if asset is not None:
            self.score_as(asset, self.hashes[n])

    def score_as(self, asset: Asset, bits: Hash, on: Likeness | None = None) -> None:
        """The work of a scorer that holds this message, be the asset alive or not."""
        scored = Scored(TENANT, PROJECT, asset.asset_id, asset.creator, asset.created_at, quality_of(bits), 1)
        save_with_nearest(scored, on or self.on, self.world.clock)

    def delete(self, n: int) -> None:
        asset = self.delete_alone(n)
        if asset is not None:
            self.forget(asset)

    def delete_alone(self, n: int) -> Asset | None:
        """Without what follows by way of the stream."""
        asset = self.live.get(n)
        if asset is not None:
            with suppress(NotFound):  # a rival was quicker
                self.catalog.delete(asset.asset_id, TENANT, self.world.clock())
            self.live.pop(n, None)
        return asset

    def play(self, steps: list[tuple[str, int]]) -> None:
        for what, n in steps:
            {"score": self.score, "delete": self.delete}[what](n)

    def forget(self, asset: Asset, on: Likeness | None = None) -> None:
        grave = burial(asset, None, self.world.now)
        assert grave is not None
        forget_asset(grave, on or self.on, clock=self.world.clock)

    def assert_is_as_one_pass_would_leave_it(self) -> Counter[str]:
        """Every image that was scored, and all that is listed, linked, counted and kept for the search of it.

        Tells how many of them there are.
        """
        found = self.world.catalog_rows()
        assets = {row["asset_id"]: rows.asset_of(row) for row in found if row["sk"] == keys.ASSET_ROW}
        standing = {n: asset for n, asset in self.live.items() if assets[asset.asset_id].quality}
        expected = {asset.asset_id: _as_stored(asset) for asset in self._one_pass(standing)}

        assert assets.keys() == {asset.asset_id for asset in self.live.values()}
        differing = [(assets[asset_id], asset) for asset_id, asset in expected.items() if assets[asset_id] != asset]
        assert not differing, f"{len(differing)} differ, as {differing[0]}"
        everything = list((assets | expected).values())
        assert _only(found, keys.ASSET_ROW) == _by_key(rows.asset_row(asset) for asset in assets.values())
        assert _only(found, "LABEL#") == _by_key(row for asset in everything for row in rows.label_rows(asset).values())
        assert _only(found, keys.NEAREST_PREFIX).keys() == _by_key(_links(everything)).keys()
        counted: Counter[str] = Counter()
        for asset in everything:
            counted.update(statistics_change(None, asset))
        assert self.catalog.statistics(TENANT, PROJECT) == read_statistics(counted)
        self._assert_hashes_are_kept_of(standing)
        flagged = sum("near_duplicate" in (asset.quality or {})["issues"] for asset in expected.values())
        linked = sum(asset.nearest is not None for asset in expected.values())
        return Counter(scored=len(expected), linked=linked, flagged=flagged, unscored=len(assets) - len(expected))

    def _one_pass(self, images: dict[int, Asset]) -> Iterator[Asset]:
        """These images as they are once each has been compared with all before it."""
        order = sorted(images, key=lambda n: (images[n].created_at, images[n].asset_id))
        hashed = [n for n in order if self.hashes[n] is not None]
        bits = np.array([self.hashes[n] for n in hashed], np.uint64)
        nearest: dict[int, Nearest | None] = {}
        for i, n in enumerate(hashed):
            distances = np.bitwise_count(bits[:i] ^ bits[i])
            first = int(distances.argmin()) if i else -1  # of several as near the earliest
            near = images[hashed[first]]
            is_near = i > 0 and distances[first] < UNIQUE_DISTANCE
            nearest[n] = Nearest(near.asset_id, near.created_at, int(distances[first])) if is_near else None
        for n in order:
            asset = with_nearest(with_score(images[n], quality_of(self.hashes[n])), nearest.get(n))
            yield replace(
                asset,
                stages={**asset.stages, Stage.QUALITY: StageStatus.COMPLETED},
                attempts={**asset.attempts, Stage.QUALITY: 1},
            )

    def _assert_hashes_are_kept_of(self, images: dict[int, Asset]) -> None:
        members = [
            Member(asset.asset_id, asset.created_at, bits)
            for n, asset in images.items()
            if (bits := self.hashes[n]) is not None
        ]
        whole = HashStore(self.world.cloud.catalog_table, self.world.cloud.renditions_bucket)
        kept = merge(whole.read(TENANT, PROJECT, self.world.clock()), is_whole=True)
        assert {record.tobytes() for record in kept} == {record.tobytes() for record in pack(members)}


def _as_stored(asset: Asset) -> Asset:
    return rows.asset_of(unmarshal(marshal(rows.asset_row(asset))))


def _links(assets: list[Asset]) -> Iterator[dict[str, Any]]:
    return (rows.nearest_key(asset.nearest, asset.asset_id) for asset in assets if asset.nearest)


def _only(found: list[dict[str, Any]], prefix: str) -> dict[tuple[str, str], dict[str, Any]]:
    return _by_key(row for row in found if row["sk"].startswith(prefix))


def _by_key(found: Any) -> dict[tuple[str, str], dict[str, Any]]:
    return {
        (row["pk"], row["sk"]): {name: value for name, value in row.items() if value is not None and name != "revision"}
        for row in found
    }


def likes(seed: int, size: int) -> dict[int, Hash]:
    """Hashes of which most are near some others."""
    rng = np.random.default_rng(seed)
    bases = [int(base) for base in rng.integers(0, 2**64, 3, dtype=np.uint64)]
    flips = [rng.choice(64, int(rng.integers(0, 12)), replace=False) for _ in range(size)]
    return {n: bases[n % 3] ^ sum(1 << int(bit) for bit in bits) for n, bits in enumerate(flips)}
