"""What must be true of the tables and buckets once everything has come to rest."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass

from darkroom.audit_stack import audit_stack, local_place
from shared.domain.asset import Asset
from shared.domain.keys import ASSET_ROW
from shared.domain.presets import BUILT_IN
from shared.domain.task import StageStatus, Task, TaskStatus
from shared.stores import rows
from shared.stores.dynamo import Item, dynamodb, unmarshal
from shared.stores.tasks import TaskStore
from tools.soak.chaos import Place

PRESETS = frozenset(preset.name for preset in BUILT_IN if preset.enabled)
SHOWN = 50
"""So many differences are named."""


@dataclass(frozen=True)
class Ledger:
    """The catalog's idea of the world."""

    assets: Mapping[str, Asset]
    rendition_count: int


def read_ledger(catalog_table: str) -> Ledger:
    assets = {row["asset_id"]: rows.asset_of(row) for row in _scan(catalog_table) if row["sk"] == ASSET_ROW}
    return Ledger(assets, sum(len(asset.renditions) for asset in assets.values()))


def ledger_faults(ledger: Ledger, place: Place) -> list[str]:
    """Where assets, usage counters and buckets disagree, and what an asset lacks. At rest nothing is in flight."""
    audit = audit_stack(local_place(asdict(place.stack)), in_flight_s=0)
    faults = [difference.line for difference in audit.differences[:SHOWN]]
    faults += [f"{len(audit.differences) - SHOWN} more differences"] if len(audit.differences) > SHOWN else []
    return faults + [
        f"{asset.asset_id} ({asset.filename}): {why}" for asset in ledger.assets.values() for why in _gaps(asset)
    ]


def _gaps(asset: Asset) -> Iterator[str]:
    """What an asset lacks."""
    missing = PRESETS - set(asset.renditions)
    if missing:
        yield f"lacks the renditions {sorted(missing)}"
    if not asset.quality:
        yield "has no score"
    open_stages = {stage: state for stage, state in asset.stages.items() if state is not StageStatus.COMPLETED}
    if open_stages:
        yield f"stages are {open_stages}"


def all_tasks(jobs_table: str, job_id: str) -> list[Task]:
    """Every task of a job, as stored."""
    store, found, cursor = TaskStore(jobs_table), list[Task](), None
    while True:
        page = store.page(job_id, is_failed_only=False, changed_since=None, cursor=cursor)
        found += page.tasks
        cursor = page.next_cursor
        if cursor is None:
            return found


def task_faults(job_id: str, counters: Mapping[str, int], tasks: Sequence[Task], is_cancelled: bool) -> list[str]:
    """Where a job's counters differ from a count of its tasks; what a cancelled job never began counts as skipped."""
    never_begun = {TaskStatus.PENDING} if is_cancelled else set[TaskStatus]()
    count: Counter[str] = Counter("skipped" if task.status in never_begun else task.status.value for task in tasks)
    total = counters["total"]
    if is_cancelled:
        count["skipped"] += total - len(tasks)  # those of a manifest that were never handed out
    expected = {
        name: count["completed" if name == "processed" else name] for name in ("processed", "failed", "skipped")
    }
    faults = [f"{job_id}: counters {dict(counters)}, its tasks {expected}"] if expected != _ended(counters) else []
    if sum(expected.values()) != total:
        faults.append(f"{job_id}: {expected} of {total} have ended")
    return faults


def _ended(counters: Mapping[str, int]) -> dict[str, int]:
    return {name: counters[name] for name in ("processed", "failed", "skipped")}


def _scan(table: str) -> Iterator[Item]:
    for page in dynamodb().get_paginator("scan").paginate(TableName=table, ConsistentRead=True):
        yield from (unmarshal(row) for row in page["Items"])
