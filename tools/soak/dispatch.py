"""How a quality job over very many assets is dispatched: time, AWS calls, memory; and on paper, a million."""

from __future__ import annotations

import itertools
import time
import tracemalloc
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from hashlib import sha256
from typing import Any

from darkroom import Client, QualityOptions
from shared.clock import utc_now
from shared.domain.asset import Asset, Original
from shared.domain.dispatch import MAX_BATCH_SIZE, PAGE
from shared.domain.dispatch import QualityOptions as Options
from shared.domain.ids import asset_id_of
from shared.domain.job import JobKind
from shared.domain.stage import Stage
from shared.domain.task import UPLOAD_STAGES, StageStatus, completed
from shared.messages import DispatchStep
from shared.observability import logger
from shared.settings import QueueUrls
from shared.stores import rows
from shared.stores.catalog import CatalogStore
from shared.stores.dynamo import batch_put, dynamodb
from shared.stores.images import OriginalStore, s3
from shared.stores.jobs import JobStore
from shared.stores.manifests import ManifestStore
from shared.stores.presets import PresetStore
from shared.stores.queues import Queue, sqs
from shared.stores.tasks import TaskStore
from shared.stores.tenants import TenantStore
from shared.usecases.dispatch_job import Dispatching, dispatch_job
from shared.usecases.list_images import Listing
from shared.usecases.start_job import Starting, start_job
from shared.wiring import retrying
from tools.soak.images import SMALL, draw
from tools.soak.watch import until
from tools.stack import Stack

PROJECT = "very-many"
PUTS_PER_CALL = 25
SCORING_S = 45
"""So long the workers may score after the hand-out; then the job is cancelled, and its receipt must add up."""

WAIT_S = 900
MILLION = 1_000_000
CALL_MS = 10
"""What a call takes inside a region of AWS: an assumption, for the paper part alone."""


@dataclass
class Measured:
    lines: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    dispatch_s: float = 0.0
    """From the start to the last batch handed out, by the deployed functions."""


Parts = dict[str, tuple[Counter[str], int]]
"""Part of a dispatch → its AWS calls, and the most bytes of Python memory that it held."""


def measure_dispatch(stack: Stack, assets: int) -> Measured:
    """Dispatch a job over so many assets twice: by the deployed functions, then in this process to count and weigh."""
    tenant = next(iter(TenantStore(stack.outputs["CatalogTableName"]).all_tenants()))
    started = time.monotonic()
    seed_assets(stack, tenant, assets)
    measured = Measured([f"dispatch   {assets} assets, all of one small original; seeded in {_since(started)}"])
    _deployed(stack, assets, measured)
    _in_process(stack, tenant, assets, measured)
    return measured


def seed_assets(stack: Stack, tenant: str, count: int, project: str = PROJECT) -> None:
    """Put so many assets into the catalog, without scores, which all have the same real original."""
    body = draw(0)
    key = "soak/original.jpg"  # not under originals/: an upload that no task owns is deleted
    version = s3().put_object(Bucket=stack.outputs["OriginalsBucketName"], Key=key, Body=body)["VersionId"]
    assets = (_asset(tenant, project, i, Original(key, version), len(body)) for i in range(count))
    table_rows = (rows.asset_row(asset) for asset in assets)
    batches = iter(lambda: list(itertools.islice(table_rows, PUTS_PER_CALL)), [])
    with ThreadPoolExecutor(4) as threads:
        for _ in threads.map(lambda batch: batch_put(stack.outputs["CatalogTableName"], batch), batches):
            pass


def _asset(tenant: str, project: str, index: int, original: Original, size: int) -> Asset:
    content_hash = sha256(str(index).encode()).hexdigest()
    return Asset(
        asset_id=asset_id_of(tenant, project, content_hash),
        tenant=tenant,
        project=project,
        creator=f"job_{'0' * 26}.t{index:08d}",
        filename=f"{index:08d}.jpg",
        content_hash=content_hash,
        original=original,
        format="jpeg",
        width=SMALL[0],
        height=SMALL[1],
        bytes=size,
        color_space="sRGB",
        created_at=utc_now(),
        stages={**completed(UPLOAD_STAGES), Stage.QUALITY: StageStatus.PENDING},
    )


# ── By the deployed functions ─────────────────────────────────────────────────────────────────────────────────────


def _deployed(stack: Stack, assets: int, measured: Measured) -> None:
    jobs = JobStore(stack.outputs["JobsTableName"])
    with Client(stack.api_url, stack.tenant_key) as client:
        begun = started = time.monotonic()
        job_id = client.start_quality_job(PROJECT, QualityOptions(batch_size=MAX_BATCH_SIZE)).job_id
        answered_s = _since(started)
        is_frozen = until(lambda: (found := jobs.read_dispatch(job_id)) is not None and found.is_frozen, WAIT_S)
        frozen_s, started = _since(started), time.monotonic()
        is_done = until(lambda: (found := jobs.read_dispatch(job_id)) is not None and found.is_done, WAIT_S)
        handed_out_s, measured.dispatch_s = _since(started), time.monotonic() - begun
        until(lambda: (job := client.get_job(job_id)) is not None and job.is_ended, SCORING_S)
        receipt = client.cancel_job(job_id)
        until(lambda: (job := client.get_job(job_id)) is not None and job.processing == 0, WAIT_S)
        job = client.get_job(job_id)
    measured.lines += [
        (
            f"deployed   start answered in {answered_s}, frozen after {frozen_s}, then handed out in {handed_out_s} "
            "(functions of 5 s, while the workers score on the same cores)"
        ),
        f"receipt    {receipt.status}: processed {receipt.processed} + failed {receipt.failed} + skipped "
        f"{receipt.skipped} + in flight {receipt.in_flight} = {receipt.total}"
        + (f"; cancelled at most {SCORING_S} s after the hand-out" if receipt.cancelled else ""),
    ]
    if not (is_frozen and is_done):
        measured.faults.append(f"{job_id} was not handed out in {WAIT_S} s: {jobs.read_dispatch(job_id)}")
    if not receipt.has_right_sum or receipt.total != assets:
        measured.faults.append(f"{job_id}: the receipt does not add up to {assets}: {receipt}")
    if job is None or job.total != assets or job.processed + job.failed + job.skipped != assets or job.failed:
        measured.faults.append(f"{job_id} did not come to rest: {job}")


# ── In this process ───────────────────────────────────────────────────────────────────────────────────────────────


def _in_process(stack: Stack, tenant: str, assets: int, measured: Measured) -> None:
    """The same use case with queues that nobody reads, so that its calls and memory are its own."""
    on, starting = _wired(stack)
    job_id = start_job(JobKind.QUALITY, tenant, PROJECT, Options(only_missing=False), starting).job_id
    logger.setLevel("WARNING")  # else a line for every batch
    tracemalloc.start()
    parts: Parts = {}
    for part in ("freeze", "hand out"):
        tracemalloc.reset_peak()
        dispatch = on.jobs.read_dispatch(job_id)
        step = DispatchStep(job_id=job_id, step=dispatch.step if dispatch else 0)
        with counted_calls() as calls:
            # Freezing ends with its one transaction; handing out goes on to the end.
            dispatch_job(step, on, partial(_has_more, part, calls), time.sleep)
        parts[part] = (calls, tracemalloc.get_traced_memory()[1])
    tracemalloc.stop()
    dispatch = on.jobs.read_dispatch(job_id)
    if dispatch is None or not dispatch.is_done or dispatch.dispatched != assets:
        measured.faults.append(f"in process only {dispatch} was handed out of {assets}")
    measured.lines += [_line_of(part, calls, peak_bytes, assets) for part, (calls, peak_bytes) in parts.items()]
    measured.lines.append(_on_paper(parts, assets, measured.dispatch_s))


def _has_more(part: str, calls: Counter[str]) -> bool:
    return part == "hand out" or calls["TransactWriteItems"] == 0


def _wired(stack: Stack) -> tuple[Dispatching, Starting]:
    outputs = stack.outputs
    unread = {name: Queue(sqs().create_queue(QueueName=f"unread-{name}")["QueueUrl"]) for name in ("steps", "batches")}
    jobs, catalog = JobStore(outputs["JobsTableName"]), CatalogStore(outputs["CatalogTableName"])
    manifests, originals = ManifestStore(outputs["OriginalsBucketName"]), OriginalStore(outputs["OriginalsBucketName"])
    tasks = TaskStore(outputs["JobsTableName"])
    urls = QueueUrls(
        validation_queue_url=outputs["ValidationQueueUrl"],
        renditions_queue_url=outputs["RenditionsQueueUrl"],
        quality_queue_url=outputs["QualityQueueUrl"],
        backfill_queue_url=outputs["BackfillQueueUrl"],
        rebuild_queue_url=outputs["RebuildQueueUrl"],
    )
    listing = Listing(catalog, PresetStore(outputs["CatalogTableName"]))
    again = retrying(outputs["JobsTableName"], outputs["CatalogTableName"], urls)
    on = Dispatching(jobs, tasks, catalog, manifests, unread["steps"], unread["batches"], unread["batches"], listing)
    return on, Starting(jobs, catalog, originals, manifests, unread["steps"], again, listing)


@contextmanager
def counted_calls() -> Iterator[Counter[str]]:
    """Every call that the stores make to AWS in this process, by its name."""
    calls: Counter[str] = Counter()

    def note(model: Any, **_: Any) -> None:
        calls[model.name] += 1

    clients: tuple[Any, ...] = (dynamodb(), s3(), sqs())
    for client in clients:
        client.meta.events.register("after-call", note)
    try:
        yield calls
    finally:
        for client in clients:
            client.meta.events.unregister("after-call", note)


def _line_of(part: str, calls: Counter[str], peak_bytes: int, assets: int) -> str:
    each = {name: round(1000 * count / assets, 1) for name, count in calls.most_common()}
    return (
        f"{part:<10} {1000 * calls.total() / assets:.0f} AWS calls per 1,000 images {each}, "
        f"at most {peak_bytes / 1e6:.1f} MB of Python memory"
    )


def _on_paper(parts: Parts, assets: int, dispatch_s: float) -> str:
    """A million images from the measured figures: each step handles a bounded page, so calls and time grow with n."""
    calls = sum(found.total() for found, _ in parts.values()) * MILLION / assets
    peak_mb = max(peak for _, peak in parts.values()) / 1e6
    return (
        f"a million  {calls:,.0f} AWS calls; {dispatch_s * MILLION / assets / 60:.0f} min at the deployed run's pace "
        f"here, {calls * CALL_MS / 60_000:.0f} min at {CALL_MS} ms a call; {MILLION // PAGE:,} chunks, "
        f"{MILLION // MAX_BATCH_SIZE:,} messages; memory stays at {peak_mb:.1f} MB, as a step holds two chunks at most"
    )


def _since(started: float) -> str:
    return f"{time.monotonic() - started:.1f} s"
