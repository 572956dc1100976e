"""AWS calls and the price of an image, counted on the real code: `python -m benchmarks.price`.

One session of photos is uploaded, validated, rendered, scored and counted in one process against moto. Every call that
our code makes is counted where it leaves botocore; what it is billed as follows from the table of prices. Fails when an
image takes more calls than the budget.
"""

from __future__ import annotations

import tests.conftest  # noqa: F401 - first: it keeps every client away from a real account

# isort: split
import contextlib
import io
import json
import math
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from moto import mock_aws

from shared.observability import logger
from shared.stores.dynamo import dynamodb
from shared.stores.images import s3
from shared.stores.queues import sqs
from tests.cloud import build, client, resources
from tests.pictures import photo
from tests.world import World

IMAGES = 48
WIDTH, HEIGHT = 4000, 3000
RENDITIONS = 9
BUDGET = 20

# US dollars per million, list prices of us-east-1 in November 2026, without any free tier.
PRICES = {
    "DynamoDB write unit": 0.625,
    "DynamoDB read unit": 0.125,
    "S3 PUT": 5.0,
    "S3 GET": 0.4,
    "SQS request": 0.4,
    "Lambda request": 0.2,
    "Lambda GB-second": 13.3334,  # arm64
}
WORKER_GB = 1769 / 1024
MEMORY_GB = {"session": 1.0, "validate": WORKER_GB, "renditions": WORKER_GB, "quality": WORKER_GB, "progress": 0.5}
BATCH = {"validate": 5, "renditions": 2, "quality": 5, "progress": 100}
"""Messages that one invocation takes under load: the template's batch sizes."""


@dataclass
class Bill:
    """What one step of the pipeline asked of AWS."""

    calls: Counter[str] = field(default_factory=Counter)
    units: Counter[str] = field(default_factory=Counter)
    own_s: float = 0.0


@dataclass(frozen=True)
class Index:
    keys: frozenset[str]
    is_whole: bool
    """Whether it holds a copy of the whole row, or of its keys alone."""

    def moves(self, old: Mapping[str, Any], new: Mapping[str, Any]) -> bool:
        """Whether the copy changes its place: it is deleted there and written here."""
        return any(old[name] != new[name] for name in self.keys)


class Meter:
    """Counts each call under the step that is at work."""

    def __init__(self) -> None:
        self.bills: dict[str, Bill] = defaultdict(Bill)
        self._step = ""
        self._away_s = 0.0
        self._left_at = 0.0
        self._asked: tuple[Bill, str, dict[str, Any]] | None = None
        self._rows: dict[str, Mapping[str, Any]] = {}
        self._moved = 0
        self._indexes = {name: _indexes(name) for name in ("CatalogTable", "JobsTable")}
        for ours in (dynamodb(), s3(), sqs()):
            ours.meta.events.register("before-call", self._leave)
            ours.meta.events.register("after-call", self._return)

    @contextmanager
    def at(self, step: str) -> Iterator[None]:
        self._step, self._away_s = step, 0.0
        began = time.perf_counter()
        yield
        self.bills[step].own_s += time.perf_counter() - began - self._away_s
        self._step = ""

    def _leave(self, model: Any, params: Mapping[str, Any], **_: Any) -> None:
        self._left_at = time.perf_counter()
        if not self._step:
            return
        bill, service, name = self.bills[self._step], model.service_model.service_name, model.name
        bill.calls[f"{service}:{name}"] += 1
        if service == "s3":
            bill.units["S3 PUT" if name.startswith(("Put", "List")) else "S3 GET"] += not name.startswith("Delete")
        elif service == "sqs":
            bill.units["SQS request"] += 1
        else:
            self._asked = (bill, name, json.loads(params["body"]))

    def _note_reads(self, bill: Bill, name: str, body: dict[str, Any]) -> None:
        if name == "BatchGetItem":
            bill.units["DynamoDB read unit"] += sum(len(asked["Keys"]) for asked in body["RequestItems"].values())
        elif name in {"GetItem", "Query"}:
            bill.units["DynamoDB read unit"] += 1

    def _note_writes(self, bill: Bill, name: str, body: dict[str, Any]) -> None:
        if name == "TransactWriteItems":
            written = [call for item in body["TransactItems"] for call in item.values()]
            bill.units["DynamoDB write unit"] += sum(2 * self._units(call) - self._moved for call in written)
        elif name == "BatchWriteItem":
            for table, requests in body["RequestItems"].items():
                for (call,) in (request.values() for request in requests):
                    bill.units["DynamoDB write unit"] += self._units({"TableName": table, **call})
        elif name in {"PutItem", "UpdateItem", "DeleteItem"}:
            bill.units["DynamoDB write unit"] += self._units(body)

    def _units(self, call: Mapping[str, Any]) -> int:
        """A unit for each started KB of the row, and of it again in each index whose copy of it changes."""
        table = call["TableName"]
        key = call.get("Key") or {name: call["Item"][name] for name in ("pk", "sk")}
        row = client("dynamodb").get_item(TableName=table, Key=key, ConsistentRead=True).get("Item", {})
        size = max(1, math.ceil(_size(row) / 1024))
        before, self._rows[str((table, key))] = self._rows.get(str((table, key)), {}), row
        self._moved = 0
        for index in self._indexes[table]:
            old, new = (_copy(found, index) for found in (before, row))
            self._moved += (size if index.is_whole else 1) * (
                (old != new) * (1 + bool(old and new and index.moves(old, new)))
            )
        return size + self._moved

    def _return(self, **_: Any) -> None:
        if self._asked is not None:
            asked, self._asked = self._asked, None
            self._note_reads(*asked)
            self._note_writes(*asked)
        self._away_s += time.perf_counter() - self._left_at


def _indexes(table: str) -> list[Index]:
    properties = resources("AWS::DynamoDB::Table")[table]["Properties"]
    return [
        Index(
            frozenset(key["AttributeName"] for key in index["KeySchema"]),
            index["Projection"]["ProjectionType"] == "ALL",
        )
        for kind in ("LocalSecondaryIndexes", "GlobalSecondaryIndexes")
        for index in properties.get(kind, [])
    ]


def _copy(row: Mapping[str, Any], index: Index) -> Mapping[str, Any]:
    """What the index holds of a row; nothing when the row is not in it."""
    if not index.keys <= row.keys():
        return {}
    return row if index.is_whole else {name: row[name] for name in (*index.keys, "pk", "sk")}


def _size(value: Any) -> int:
    """Bytes of a value or a row, by DynamoDB's own rules: names and contents, 3 for a map or list, 1 for each entry."""
    if isinstance(value, dict) and len(value) == 1 and (kind := next(iter(value))) in {"S", "N", "BOOL", "NULL"}:
        return len(str(value[kind]).encode()) if kind == "S" else len(str(value[kind])) // 2 + 1 if kind == "N" else 1
    if isinstance(value, dict) and len(value) == 1 and (kind := next(iter(value))) in {"M", "L"}:
        inner = value[kind].items() if kind == "M" else (("", entry) for entry in value[kind])
        return 3 + sum(1 + len(name) + _size(entry) for name, entry in inner)
    return sum(len(name) + _size(entry) for name, entry in value.items())


def main() -> None:
    """Print calls by step, then the price of a million images."""
    logger.setLevel("ERROR")
    with mock_aws():
        meter = Meter()
        world = World(build())
        photos = [photo(seed, WIDTH, HEIGHT) for seed in range(IMAGES)]
        with meter.at("session"):
            session = world.open_session(photos)
        uploads = [
            world.put(session.job_id, task.task_id, body) for task, body in zip(session.uploads, photos, strict=True)
        ]
        for step, act in (("validate", world.validate), ("renditions", world.render), ("quality", world.score)):
            for work in uploads if step == "validate" else world.sent(f"{step.capitalize()}Queue"):
                with meter.at(step), contextlib.redirect_stdout(io.StringIO()):  # the metrics that it logs
                    act(work)
            records = world.facts()
            with meter.at("progress"):
                world.project(records)
        is_over = _print_calls(meter.bills)
        _print_price(meter.bills)
    sys.exit(is_over)


def _print_calls(bills: Mapping[str, Bill]) -> bool:
    print(f"{IMAGES} photos of {WIDTH}x{HEIGHT} in one session; calls for each image, by step")
    total = 0.0
    for step, bill in bills.items():
        each = {name: n / IMAGES for name, n in bill.calls.items()}
        total += sum(each.values())
        print(
            f"  {step:<11}{sum(each.values()):6.1f}   "
            + "  ".join(f"{name} {n:.1f}" for name, n in sorted(each.items()))
        )
    total -= RENDITIONS
    print(f"Without the {RENDITIONS} PUTs of the renditions: {total:.1f} calls an image, of at most {BUDGET}")
    return total > BUDGET


def _print_price(bills: Mapping[str, Bill]) -> None:
    units: Counter[str] = Counter()
    for step, bill in bills.items():
        units.update({name: n / IMAGES for name, n in bill.units.items()})
        units["Lambda GB-second"] += bill.own_s / IMAGES * MEMORY_GB[step]  # type: ignore[assignment]
        units["Lambda request"] += 1 / BATCH[step] if step in BATCH else 0  # type: ignore[assignment]
    # A worker's queue is polled and its messages deleted in batches; the upload itself is a PUT that S3 bills to us.
    units["SQS request"] += sum(2 / BATCH[step] for step in ("validate", "renditions", "quality"))  # type: ignore[assignment]
    units["S3 PUT"] += 1
    print("What a million images cost, in US dollars of the list prices in this file (storage and transfer apart)")
    for name, price in PRICES.items():
        print(f"  {name:<21}{units[name]:8.2f} an image{units[name] * price:10.2f}")
    print(f"  {'in all':<21}{'':17}{sum(units[name] * price for name, price in PRICES.items()):10.2f}")


if __name__ == "__main__":
    main()
