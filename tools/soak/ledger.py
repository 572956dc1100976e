"""What must be true of the tables and buckets once everything has come to rest."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from shared.domain.asset import Asset
from shared.domain.keys import ASSET_ROW
from shared.domain.presets import BUILT_IN
from shared.domain.task import StageStatus, Task, TaskStatus
from shared.stores import rows
from shared.stores.dynamo import Item, dynamodb, unmarshal
from shared.stores.images import s3
from shared.stores.tasks import TaskStore
from tools.soak.chaos import Place, object_versions

PRESETS = frozenset(preset.name for preset in BUILT_IN if preset.enabled)
COUNTED = ("asset_count", "asset_bytes", "rendition_count", "rendition_bytes")
SHOWN = 10
"""So many of a kind are named."""


@dataclass(frozen=True)
class Ledger:
    """Both tables' idea of the world."""

    assets: Mapping[str, Asset]
    usage: Mapping[str, int]


def read_ledger(catalog_table: str) -> Ledger:
    assets: dict[str, Asset] = {}
    usage: Counter[str] = Counter()
    for row in _scan(catalog_table):
        if row["sk"] == ASSET_ROW:
            assets[row["asset_id"]] = rows.asset_of(row)
        elif row["pk"].startswith("USAGE#"):
            usage.update({name: row.get(name, 0) for name in COUNTED})
    return Ledger(assets, usage)


def ledger_faults(ledger: Ledger, place: Place) -> list[str]:
    """Where assets, usage counters and buckets disagree."""
    assets = ledger.assets.values()
    renditions = [rendition for asset in assets for rendition in asset.renditions.values()]
    recount = {
        "asset_count": len(assets),
        "asset_bytes": sum(asset.bytes for asset in assets),
        "rendition_count": len(renditions),
        "rendition_bytes": sum(rendition.bytes for rendition in renditions),
    }
    faults = [
        f"usage says {name} {ledger.usage.get(name, 0)}, the assets are {found}"
        for name, found in recount.items()
        if ledger.usage.get(name, 0) != found
    ]
    owned = {f"{asset.original.key} {asset.original.version_id}" for asset in assets}
    stored = {
        f"{found['Key']} {found['VersionId']}{'' if 'Size' in found else ' (a delete marker)'}"
        for found in object_versions(place.output("OriginalsBucketName"))
        if not found["Key"].startswith("manifests/")
    }
    faults += _difference("originals", owned, stored)
    faults += _difference("renditions", {rendition.key for rendition in renditions}, set(_rendition_keys(place)))
    return faults + [f"{asset.asset_id} ({asset.filename}): {why}" for asset in assets for why in _gaps(asset)]


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


def _rendition_keys(place: Place) -> Iterator[str]:
    for page in s3().get_paginator("list_objects_v2").paginate(Bucket=place.output("RenditionsBucketName")):
        yield from (found["Key"] for found in page.get("Contents", []))


def _difference(what: str, owned: set[str], stored: set[str]) -> list[str]:
    lost, extra = sorted(owned - stored), sorted(stored - owned)
    faults = [f"{what}: {len(lost)} are gone from the bucket: {lost[:SHOWN]}"] if lost else []
    return faults + ([f"{what}: {len(extra)} in the bucket belong to nobody: {extra[:SHOWN]}"] if extra else [])


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
