"""What each route reads of a small and of a large project: calls, items and bytes may not grow with it.

`python -m benchmarks.routes`. The tables are the template's own, in moto. Its queries look at every row, so the time is
what the handler takes without its calls to AWS.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from itertools import pairwise
from statistics import median
from typing import Any

from moto import mock_aws
from moto.core import DEFAULT_ACCOUNT_ID
from moto.dynamodb.models import DynamoType, Item, dynamodb_backends

from shared.domain.asset import Asset, Nearest, Original, StoredRendition
from shared.domain.ids import asset_id_of, job_id_at, task_id_at
from shared.domain.job import JobKind, open_job
from shared.domain.keys import shard_sk, statistics_pk
from shared.domain.likeness import with_nearest
from shared.domain.scoring import judge
from shared.domain.statistics import statistics_change
from shared.domain.task import UPLOAD_STAGES, Mark, StageStatus, Task, TaskStatus, pending
from shared.stores import jobs, rows
from shared.stores.dynamo import dynamodb, marshal
from shared.stores.usage import SHARDS
from tests.cloud import Cloud, build, recorded

SIZES = (10, 1_000, 100_000)
TENANT, PROJECT = "tenant_00000000000000000000000000", "big"
START = datetime.now(UTC) - timedelta(minutes=5)
ASKED_AGAIN = 3
LARGEST_PAGE = 100
TASK_PAGE = 500
BUDGETS_MS = {"job": 50, "upload 500 files": 500}
"""What a progress poll and the answer to an upload may take inside the handler."""
TOKEN_CHARACTERS = 1200
"""Of a function's credentials: they stand in every URL that it signs."""
SLACK = 1.1
"""Rows differ by a digit or two."""


@dataclass
class Reads:
    """What was asked of DynamoDB, and what came; `answer` is in bytes."""

    calls: int = 0
    items: int = 0
    bytes: int = 0
    answer: int = 0
    waited_s: float = 0.0

    def note(self, parsed: dict[str, Any], **_: Any) -> None:
        found = parsed.get("Items", [parsed["Item"]] if "Item" in parsed else [])
        found = found + [item for items in parsed.get("Responses", {}).values() for item in items]
        self.calls += 1
        self.items += len(found)
        self.bytes += len(json.dumps(found))


def new_asset(n: int) -> Asset:
    measured = {
        "detail": 300.0 * (n % 89 + 1) / 89,
        "luma_mean": 120.0,
        "luma_deviation": 60.0,
        "short_edge": 300.0 + 200 * (n % 2),
        "aspect_ratio": 1.5,
        "pixels": 250_000.0,
        "subject_share": 0.4,
        "subject_visible": 1.0,
        "subject_count": 1.0,
    }
    score = judge(measured, (120, 120, 120), f"{n:016x}")
    asset = Asset(
        asset_id=id_of(n),
        tenant=TENANT,
        project=PROJECT,
        creator="job.t00000",
        filename=f"{n}.jpg",
        content_hash=f"{n:064d}",
        original=Original(f"originals/{n}", "v1"),
        format="jpeg",
        width=40,
        height=30,
        bytes=1000,
        color_space="sRGB",
        created_at=created_at(n),
        stages=dict.fromkeys(UPLOAD_STAGES, StageStatus.COMPLETED),
        renditions={"thumb_300": StoredRendition("thumb_300", f"renditions/{id_of(n)}/t", "jpeg", 40, 30, 900, 85)},
        quality=asdict(score) | {"computed_at": rows.to_text(created_at(n))},
    )
    return with_nearest(asset, nearest_of(n))


def id_of(n: int) -> str:
    return asset_id_of(TENANT, PROJECT, f"{n:064d}")


def created_at(n: int) -> datetime:
    return START + timedelta(milliseconds=n)


def nearest_of(n: int) -> Nearest | None:
    """Every other pair is of two alike; and a fourth of all images hangs on the first, in a group that has no end.

    Of that group one alone is early, so that at every size the first page has the same images.
    """
    if n % 4 == 3:
        return Nearest(id_of(n - 1), created_at(n - 1), n % 10)
    if n == 1 or (n % 4 == 1 and n > 2 * LARGEST_PAGE):
        return Nearest(id_of(0), created_at(0), 0 if n == 1 else 1 + n % 9)
    return None


def fill(cloud: Cloud, size: int) -> tuple[str, str]:
    """A project of so many images and a job of as many tasks; the ids of an image and of the job."""
    assets = [new_asset(n) for n in range(size)]
    found = [row for asset in assets for row in (rows.asset_row(asset), *rows.label_rows(asset).values())]
    found += [rows.nearest_key(asset.nearest, asset.asset_id) for asset in assets if asset.nearest]
    for shard in range(SHARDS):
        counters: dict[str, int] = {}
        for asset in assets[shard::SHARDS]:
            for name, by in statistics_change(None, asset).items():
                counters[name] = counters.get(name, 0) + by
        found.append({"pk": statistics_pk(TENANT, PROJECT), "sk": shard_sk(shard), **counters})
    put_all(cloud.catalog_table, found)
    job_id, stages = job_id_at(START, bytes(10)), pending(UPLOAD_STAGES)
    tasks = [
        Task(job_id, task_id_at(n, size), f"{n}.jpg", stages, Mark(stages, TaskStatus.PENDING)) for n in range(size)
    ]
    job = open_job(job_id, JobKind.UPLOAD, TENANT, PROJECT, tasks, START)
    put_all(cloud.jobs_table, [rows.job_row(job), *(rows.task_row(task, job) for task in tasks)])
    return assets[0].asset_id, job_id


def put_all(name: str, found: list[dict[str, Any]]) -> None:
    """Put rows where moto keeps them; half a million requests would take it a quarter of an hour."""
    table = dynamodb_backends[DEFAULT_ACCOUNT_ID][os.environ["AWS_DEFAULT_REGION"]].tables[name]
    for row in map(marshal, found):
        pk, sk = DynamoType(row["pk"]), DynamoType(row["sk"])
        table.items[pk][sk] = Item(pk, sk, row)


@contextmanager
def counted() -> Iterator[Reads]:
    reads, began = Reads(), [0.0]

    def begin(**_: Any) -> None:
        began[0] = time.perf_counter()

    def end(parsed: dict[str, Any], **_: Any) -> None:
        reads.waited_s += time.perf_counter() - began[0]
        reads.note(parsed)

    events = dynamodb().meta.events
    events.register("before-call.dynamodb", begin)
    events.register("after-call.dynamodb", end)
    try:
        yield reads
    finally:
        events.unregister("before-call.dynamodb", begin)
        events.unregister("after-call.dynamodb", end)


@dataclass(frozen=True)
class Request:
    path: str
    query: dict[str, str] = field(default_factory=dict)
    method: str = "GET"
    body: dict[str, Any] | None = None
    function: str = "api"

    def event(self) -> dict[str, Any]:
        event = recorded("api")
        body = json.dumps(self.body) if self.body else None
        event |= {"path": self.path, "httpMethod": self.method, "body": body, "queryStringParameters": self.query}
        event["multiValueQueryStringParameters"] = {name: [value] for name, value in self.query.items()}
        who = {"tenant": TENANT, "scopes": "read write admin"}
        event["requestContext"] |= {"authorizer": who, "httpMethod": self.method, "path": f"/api{self.path}"}
        return event


def requests(asset_id: str, job_id: str) -> dict[str, Request]:
    """By name. Another route is another row; those that write are measured last."""
    assets = f"/v1/projects/{PROJECT}/assets"
    largest = {"limit": str(LARGEST_PAGE)}
    files = [{"filename": f"{n}.jpg", "content_type": "image/jpeg", "bytes": 1000} for n in range(TASK_PAGE)]
    return {
        "assets": Request(assets, largest),
        "assets by issue": Request(assets, largest | {"issue": "low_resolution", "sort": "overall_quality"}),
        "assets by quality": Request(assets, largest | {"min_quality": "0.2", "sort": "overall_quality"}),
        "duplicates": Request(f"/v1/projects/{PROJECT}/duplicates"),
        "statistics": Request(f"/v1/projects/{PROJECT}/statistics"),
        "asset": Request(f"/v1/assets/{asset_id}"),
        "job": Request(f"/v1/jobs/{job_id}"),
        "job with tasks": Request(f"/v1/jobs/{job_id}", {"tasks": "all"}),
        "jobs": Request(f"/v1/projects/{PROJECT}/jobs"),
        "quality progress": Request(f"/v1/projects/{PROJECT}/analytics/quality-progress"),
        "forecast": Request(
            f"/v1/projects/{PROJECT}/analytics/start-quality-job",
            {"dry_run": "true", "only_missing": "false"},
            method="POST",
        ),
        "projects": Request("/v1/projects"),
        "poison records": Request("/v1/poison"),
        "presets": Request("/v1/settings/presets", function="admin"),
        "keys": Request("/v1/keys", function="admin"),
        "metrics": Request("/v1/metrics", function="admin"),
        "ticket": Request("/v1/realtime/tickets", method="POST"),
        "upload 500 files": Request("/v1/uploads", method="POST", body={"project": PROJECT, "files": files}),
    }


class Context:
    """A Lambda context."""

    function_name = invoked_function_arn = aws_request_id = "benchmark"
    memory_limit_in_mb = 1024

    def get_remaining_time_in_millis(self) -> int:
        return 29_000


def measure(request: Request) -> tuple[Reads, float]:
    """What one request reads, and the median of the handler's own milliseconds."""
    handler, event = importlib.import_module(f"functions.{request.function}.handler").handler, request.event()
    own_ms = []
    for _ in range(ASKED_AGAIN):
        with counted() as reads:
            began = time.perf_counter()
            answer = handler(event, Context())
            own_ms.append((time.perf_counter() - began - reads.waited_s) * 1000)
        reads.answer = len(answer.get("body") or "")
        if answer["statusCode"] >= HTTPStatus.BAD_REQUEST:
            raise SystemExit(f"{request.path} answered {answer['body']}")
    return reads, median(own_ms)


def run(size: int) -> dict[str, tuple[Reads, float]]:
    with mock_aws():
        cloud = build()
        os.environ.update(cloud.environment)
        asset_id, job_id = fill(cloud, size)
        jobs.PUT_THREADS = 1  # one call after the other, so that what is not waiting is the handler's own time
        for function in ("api", "admin"):  # they read their settings when they are loaded
            importlib.reload(importlib.import_module(f"functions.{function}.handler"))
        return {name: measure(request) for name, request in requests(asset_id, job_id).items()}


def grows(found: dict[int, tuple[Reads, float]], small: int, large: int) -> bool:
    fewer, more = found[small][0], found[large][0]
    return more.calls > fewer.calls or more.items > fewer.items or more.bytes > SLACK * fewer.bytes


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES, help="images in the project, the fewest first")
    sizes = parser.parse_args(argv).sizes
    os.environ.update(
        AWS_DEFAULT_REGION="us-east-1",
        AWS_ACCESS_KEY_ID="test",
        AWS_SECRET_ACCESS_KEY="test",  # noqa: S106
        AWS_SESSION_TOKEN="t" * TOKEN_CHARACTERS,
        POWERTOOLS_LOG_LEVEL="CRITICAL",
    )
    measured = {size: run(size) for size in sizes}
    print(f"{'route':<18} {'images':>8} {'calls':>6} {'items':>6} {'bytes':>9} {'answer':>9} {'own ms':>7}")
    by_route = {name: {size: measured[size][name] for size in sizes} for name in measured[sizes[0]]}
    for name, found in by_route.items():
        for size, (reads, own_ms) in found.items():
            read = f"{reads.calls:>6} {reads.items:>6} {reads.bytes:>9,}"
            print(f"{name:<18} {size:>8,} {read} {reads.answer:>9,} {own_ms:>7.1f}")
    # From the second size on every page is full, so that whatever still grows grows with the project.
    full = [size for size in sizes if size >= 2 * TASK_PAGE]
    grown = [name for name, found in by_route.items() if any(grows(found, *pair) for pair in pairwise(full))]
    print(f"grows with the project: {', '.join(grown) or 'none'}")
    for name, budget in BUDGETS_MS.items():
        print(f"{name}: {max(own_ms for _, own_ms in by_route[name].values()):.0f} ms at most, of {budget}")
    return 1 if grown else 0


if __name__ == "__main__":
    sys.exit(main())
