"""What the search for near-duplicates takes as a project grows: `python -m benchmarks.duplicates`.

A project of random hashes, in segments as the store would have left them; then some hundred images more are added and
compared by the real store, on the template's tables in moto, and every byte that passes is counted. Fails when the scan
of a million hashes takes more than its budget.
"""

from __future__ import annotations

import tests.conftest  # noqa: F401 - first: it keeps every client away from a real account

# isort: split
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
from moto import mock_aws

from shared.domain import keys
from shared.domain.hashes import HASH_VERSION, RECORD, Part, Records, neighbours, part_of
from shared.domain.ids import asset_id_of
from shared.domain.member import Member
from shared.domain.scoring import UNIQUE_DISTANCE
from shared.stores.dynamo import dynamodb, marshal
from shared.stores.hashes import TAIL, HashStore
from shared.stores.images import s3
from tests.cloud import Cloud, build

SIZES = (1_000, 100_000, 1_000_000)
SCAN_BUDGET_MS = 1.0
ROUNDS = 15
ADDED = 512
TENANT, PROJECT = "tenant_00000000000000000000000000", "big"
NOW = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass
class Passed:
    """Bytes of rows and segments that were read, and that were written."""

    loaded: int = 0
    written: int = 0

    def of_rows(self, parsed: dict[str, Any], **_: Any) -> None:
        self.loaded += sum(map(_row_bytes, [*parsed.get("Items", []), *filter(None, [parsed.get("Item")])]))

    def of_object(self, parsed: dict[str, Any], **_: Any) -> None:
        self.loaded += parsed["ContentLength"]

    def by_put(self, params: dict[str, Any], **_: Any) -> None:
        body = params.get("Body")
        self.written += _row_bytes(params["Item"]) if body is None else len(body)


def main() -> None:
    """Print a line for each size."""
    print(f"{'':46}then for each image       segments")
    print("  images   scan ms   search ms   cold worker loads     loads    writes   number   bytes an image")
    is_over = False
    for size in SIZES:
        records = _random(size)
        segments, written = _segments(size)
        pieces = np.split(records, np.cumsum(segments)[:-1])
        parts = [part_of(piece) for piece in pieces]
        scan, search = _median_ms(_scan, parts), _median_ms(_search, parts)
        cold, warm = _counted(pieces)
        print(
            f"{size:8,}{scan:10.2f}{search:12.2f}{cold.loaded / 1e6:17.2f} MB"
            f"{warm.loaded / ADDED / 1e3:9.1f} KB{warm.written / ADDED / 1e3:7.2f} KB{len(segments):9}"
            f"{written / size:17.0f}"
        )
        is_over |= scan > SCAN_BUDGET_MS and size == SIZES[-1]
    print(
        f"scan: XOR and count of bits, budget {SCAN_BUDGET_MS} ms at a million; search: with what is near, and sorted."
    )
    print(f"Loads and writes are counted over the next {ADDED:,} images by one worker; rows as DynamoDB counts them.")
    print("Segments: how many there are, and the bytes of all that were ever written.")
    sys.exit(is_over)


def _random(size: int) -> Records:
    rng = np.random.default_rng(1)
    records = np.zeros(size, RECORD)
    records["hash"] = rng.integers(0, 2**64, size, dtype=np.uint64)
    records["asset"] = rng.integers(0, 256, (size, 20), dtype=np.uint8)
    return records


def _counted(pieces: list[Records]) -> tuple[Passed, Passed]:
    """What a new worker's first search passes, and what the next images pass."""
    rng = np.random.default_rng(3)
    with mock_aws():
        cloud = build()
        _lay(pieces, cloud)
        store = HashStore(cloud.catalog_table, cloud.renditions_bucket)
        with _counting() as cold:
            store.read(TENANT, PROJECT, NOW)
        with _counting() as warm:
            for n in range(ADDED):
                now = NOW + timedelta(seconds=n)
                store.add(
                    TENANT, PROJECT, Member(asset_id_of(TENANT, PROJECT, f"{n:064d}"), now, int(rng.integers(0, 2**63)))
                )
                store.read(TENANT, PROJECT, now)
    return cold, warm


def _lay(pieces: list[Records], cloud: Cloud) -> None:
    """Put the segments where the store keeps them, and their list."""
    names = [keys.segment_key(TENANT, PROJECT, HASH_VERSION, f"{0:08d}-{n:016x}") for n in range(len(pieces))]
    for name, piece in zip(names, pieces, strict=True):
        s3().put_object(Bucket=cloud.renditions_bucket, Key=name, Body=piece.tobytes())
    listed = [{"key": name, "count": len(piece)} for name, piece in zip(names, pieces, strict=True)]
    key = {"pk": keys.hashes_pk(TENANT, PROJECT, HASH_VERSION), "sk": keys.SEGMENTS_ROW}
    row = marshal({**key, "revision": 0, "segments": listed, "retired": []})
    dynamodb().put_item(TableName=cloud.catalog_table, Item=row)


@contextmanager
def _counting() -> Iterator[Passed]:
    passed = Passed()
    hooks: list[tuple[Any, str, Callable[..., None]]] = [
        (dynamodb(), "after-call.dynamodb", passed.of_rows),
        (dynamodb(), "provide-client-params.dynamodb.PutItem", passed.by_put),
        (s3(), "after-call.s3.GetObject", passed.of_object),
        (s3(), "provide-client-params.s3.PutObject", passed.by_put),
    ]
    for client, event, hook in hooks:
        client.meta.events.register(event, hook)
    try:
        yield passed
    finally:
        for client, event, hook in hooks:
            client.meta.events.unregister(event, hook)


def _row_bytes(row: dict[str, dict[str, Any]]) -> int:
    """As DynamoDB counts a row: names and texts in UTF-8, numbers at two digits a byte and one more, lists by parts."""
    return sum(len(name) + _value_bytes(value) for name, value in row.items())


def _value_bytes(value: dict[str, Any]) -> int:
    ((kind, content),) = value.items()
    if kind == "L":
        return 3 + sum(1 + _value_bytes(part) for part in content)
    if kind == "M":
        return 3 + sum(len(name) + 1 + _value_bytes(part) for name, part in content.items())
    return {"S": len(str(content).encode()), "N": len(str(content)) // 2 + 2}.get(kind, 1)


def _segments(size: int) -> tuple[list[int], int]:
    """The store's policy, played for so many images: the segments at the end, and all bytes written to S3."""
    segments: list[int] = []
    written = 0
    for _ in range(size // TAIL):
        count = TAIL
        while segments and segments[-1] < 2 * count:
            count += segments.pop()
        segments.append(count)
        written += count * RECORD.itemsize
    rest = size - sum(segments)
    return segments + ([rest] if rest else []), written


def _scan(parts: list[Part], own: int) -> None:
    for part in parts:
        np.flatnonzero(np.bitwise_count(part.hashes ^ np.uint64(own)) < UNIQUE_DISTANCE)


def _search(parts: list[Part], own: int) -> None:
    neighbours(Member("asset_" + "a" * 32, datetime(2026, 1, 1, tzinfo=UTC), own), parts)


def _median_ms(act: Callable[[list[Part], int], None], parts: list[Part]) -> float:
    own = [int(number) for number in np.random.default_rng(2).integers(0, 2**64, ROUNDS, dtype=np.uint64)]
    times = []
    for bits in own:
        began = time.perf_counter()
        act(parts, bits)
        times.append(1000 * (time.perf_counter() - began))
    return statistics.median(times)


if __name__ == "__main__":
    main()
