"""Assets, and the usage counters that change with them, in the catalog table."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any
from zlib import crc32

from shared.domain import keys
from shared.domain.asset import Asset, StoredRendition
from shared.domain.dispatch import Chunk, Entry
from shared.domain.stage import Stage
from shared.domain.task import StageStatus
from shared.errors import NotFound
from shared.stores import rows
from shared.stores.dynamo import (
    ConditionFailed,
    Item,
    TransactionRefused,
    attempt,
    batch_get,
    dynamodb,
    marshal,
    unmarshal,
)
from shared.stores.dynamo import marshal_value as value

USAGE_SHARDS = 16
"""A tenant's counters are spread over so many rows: one row takes about 500 transactions a second."""

READS_PER_CALL = 100
COUNT_PAGE = 5000


@dataclass(frozen=True)
class CatalogStore:
    table: str

    def find(self, asset_id: str) -> Asset | None:
        found = attempt(
            lambda: dynamodb().get_item(
                TableName=self.table, Key=marshal(rows.asset_key(asset_id)), ConsistentRead=True
            )
        )
        return rows.asset_of(unmarshal(found["Item"])) if "Item" in found else None

    def read(self, asset_id: str, tenant: str) -> Asset:
        """Raises NotFound for what does not exist and for what is another tenant's, alike."""
        asset = self.find(asset_id)
        if asset is None or asset.tenant != tenant:
            raise NotFound("There is no such asset.")
        return asset

    def find_all(self, asset_ids: Iterable[str]) -> dict[str, Asset]:
        """Those of the ids that are assets, by id."""
        wanted = [rows.asset_key(asset_id) for asset_id in dict.fromkeys(asset_ids)]
        chunks = (wanted[i : i + READS_PER_CALL] for i in range(0, len(wanted), READS_PER_CALL))
        found = (rows.asset_of(row) for chunk in chunks for row in batch_get({self.table: chunk})[self.table])
        return {asset.asset_id: asset for asset in found}

    def to_score(self, tenant: str, project: str, below: int | None, cursor: str | None, limit: int) -> Chunk:
        """A project's assets whose scores are of a version below this one (None: all): `limit` of them, or the last.

        Reads keys alone. The index lags a little behind the table: an asset of this very moment may be left for the
        next job.
        """
        condition, values = "project_key = :project", {":project": keys.project_key(tenant, project)}
        if below is not None:
            condition += " AND scorer_key < :below"
            values[":below"] = rows.scorer_key(below, "")
        query: dict[str, Any] = {
            "TableName": self.table,
            "IndexName": "assets_by_scorer",
            "KeyConditionExpression": condition,
            "ExpressionAttributeValues": marshal(values),
        }
        entries: list[Entry] = []
        after = json.loads(cursor) if cursor else None
        while True:
            start = {"ExclusiveStartKey": after} if after else {}
            answer = attempt(partial(dynamodb().query, **query, **start, Limit=limit - len(entries)))
            items = (unmarshal(row) for row in answer["Items"])
            entries += [Entry(item["asset_id"], item["filename"]) for item in items]
            after = answer.get("LastEvaluatedKey")
            if after is None or len(entries) == limit:
                return Chunk(entries, json.dumps(after) if after else None)

    def count_to_score(self, tenant: str, project: str, below: int | None) -> int:
        """How many `to_score` would list; reads every key of them, so its time grows with their number."""
        total, cursor = 0, None
        while True:
            page = self.to_score(tenant, project, below, cursor, COUNT_PAGE)
            total, cursor = total + len(page.entries), page.next_cursor
            if cursor is None:
                return total

    def create(self, asset: Asset) -> Asset:
        """The asset that stands for this content: this one, or the one that was there first."""
        put = {
            "TableName": self.table,
            "Item": marshal(rows.asset_row(asset)),
            "ConditionExpression": "attribute_not_exists(pk)",
        }
        usage = self._usage(asset.tenant, asset.asset_id, asset_count=1, asset_bytes=asset.bytes)
        try:
            attempt(lambda: dynamodb().transact_write_items(TransactItems=[{"Put": put}, {"Update": usage}]))  # type: ignore[typeddict-item]
        except TransactionRefused:
            standing = self.find(asset.asset_id)
            if standing is None:
                raise
            return standing
        return asset

    def save_renditions(
        self, tenant: str, asset_id: str, stage: Stage, renditions: Sequence[StoredRendition], attempts: int
    ) -> None:
        """Record a stage's renditions, and their bytes as used; nothing when the stage is recorded already."""
        usage = self._usage(
            tenant,
            asset_id,
            rendition_count=len(renditions),
            rendition_bytes=sum(rendition.bytes for rendition in renditions),
        )
        names = {f"#r{i}": rendition.preset for i, rendition in enumerate(renditions)}
        values = {f":r{i}": asdict(rendition) for i, rendition in enumerate(renditions)}
        changes = [f"renditions.#r{i} = :r{i}" for i in range(len(renditions))]
        update = self._stage_change(asset_id, stage, StageStatus.COMPLETED, attempts, changes, values, names)
        try:
            attempt(lambda: dynamodb().transact_write_items(TransactItems=[{"Update": update}, {"Update": usage}]))  # type: ignore[typeddict-item]
        except TransactionRefused:
            return

    def save_score(self, asset_id: str, score: Mapping[str, object], version: int, attempts: int) -> bool:
        """Record an asset's scores, of this scorer's version; False when the asset no longer exists."""
        changes = ["quality = :score", "scorer_key = :scorer"]
        values = {":score": score, ":scorer": rows.scorer_key(version, asset_id)}
        change = self._stage_change(asset_id, Stage.QUALITY, StageStatus.COMPLETED, attempts, changes, values)
        change["ConditionExpression"] = "attribute_exists(pk)"
        del change["ExpressionAttributeValues"][":completed"]
        return _is_written(change)

    def fail_stage(self, asset_id: str, stage: Stage, attempts: int) -> None:
        """Note on the asset that a stage failed for good; what was completed, be it by an older scorer, stays so."""
        _is_written(self._stage_change(asset_id, stage, StageStatus.FAILED, attempts))

    def reopen_stages(self, asset_id: str, stages: Iterable[Stage]) -> None:
        """Note on the asset that failed stages are being worked on again."""
        for stage in stages:
            _is_written(self._stage_change(asset_id, stage, StageStatus.PENDING, 0))

    def _stage_change(
        self,
        asset_id: str,
        stage: Stage,
        state: StageStatus,
        attempts: int,
        changes: Sequence[str] = (),
        values: Item | None = None,
        names: dict[str, str] | None = None,
    ) -> dict[str, Any]:
        return {
            "TableName": self.table,
            "Key": marshal(rows.asset_key(asset_id)),
            "UpdateExpression": "SET " + ", ".join(["stages.#stage = :state", "attempts.#stage = :attempts", *changes]),
            "ConditionExpression": "attribute_exists(pk) AND stages.#stage <> :completed",
            "ExpressionAttributeNames": {"#stage": stage, **(names or {})},
            "ExpressionAttributeValues": {
                name: value(item)
                for name, item in {
                    ":state": state,
                    ":completed": StageStatus.COMPLETED,
                    ":attempts": attempts,
                    **(values or {}),
                }.items()
            },
        }

    def _usage(self, tenant: str, asset_id: str, **changes: int) -> dict[str, Any]:
        shard = crc32(asset_id.encode()) % USAGE_SHARDS
        return {
            "TableName": self.table,
            "Key": marshal({"pk": keys.usage_pk(tenant), "sk": keys.usage_sk(shard)}),
            "UpdateExpression": "ADD " + ", ".join(f"{name} :{name}" for name in changes),
            "ExpressionAttributeValues": {f":{name}": value(change) for name, change in changes.items()},
        }


def _is_written(change: dict[str, Any]) -> bool:
    try:
        attempt(lambda: dynamodb().update_item(**change))
    except ConditionFailed:
        return False
    return True
