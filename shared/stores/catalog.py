"""Assets, and all that is counted and kept of them, in the catalog table: changed together or not at all."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from functools import partial
from typing import Any

from shared.domain import keys
from shared.domain.asset import Asset, Nearest, Original, StoredRendition
from shared.domain.dispatch import Chunk, Entry
from shared.domain.grave import Grave, Place, burial
from shared.domain.likeness import with_nearer, with_score
from shared.domain.on_demand import with_renditions
from shared.domain.quotas import Quotas
from shared.domain.stage import Stage
from shared.domain.statistics import Statistics, read_statistics, statistics_change
from shared.domain.task import StageStatus, TaskError
from shared.domain.usage import usage_change
from shared.errors import NotFound, QuotaExceeded, Transient
from shared.stores import rows
from shared.stores.dynamo import (
    TRIES,
    Item,
    TransactionRefused,
    attempt,
    batch_delete,
    batch_get,
    dynamodb,
    marshal,
    unmarshal,
    waits,
)
from shared.stores.dynamo import marshal_value as value
from shared.stores.usage import UsageStore, shard_of

READS_PER_CALL = 100
FOLLOWERS_PER_CALL = 200

REFUSED = "ConditionalCheckFailed"

Step = Callable[[Asset], Asset]
"""What becomes of an asset; called again when somebody else was faster."""


class NeighbourGone(Exception):
    """The image that was to be noted as the nearest has been deleted."""


class Overtaken(Exception):
    """The asset is of another edition by now: keys of an earlier one may be given up, and are not recorded."""

    def __init__(self, edition: int) -> None:
        super().__init__(edition)
        self.edition = edition


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
        return {row["asset_id"]: rows.asset_of(row) for row in self._read(asset_ids)}

    def known(self, asset_ids: Iterable[str]) -> set[str]:
        """Those of the ids that are assets, without the work of reading each whole."""
        return {row["asset_id"] for row in self._read(asset_ids, "asset_id")}

    def _read(self, asset_ids: Iterable[str], names: str | None = None) -> Iterator[Item]:
        wanted = [rows.asset_key(asset_id) for asset_id in dict.fromkeys(asset_ids)]
        for start in range(0, len(wanted), READS_PER_CALL):
            yield from batch_get({self.table: wanted[start : start + READS_PER_CALL]}, names)[self.table]

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

    def create(self, asset: Asset) -> Asset:
        """The asset that stands for this content: this one, or the one that was there first.

        This one too when it was made before and deleted since: it does not come back, and whoever looks will miss it.
        """
        for _ in range(TRIES):
            try:
                self._write(None, asset, asset.created_at)
            except TransactionRefused:
                if earlier := self._earlier(asset):
                    return earlier
                continue  # what was in its way has been deleted since
            return asset
        raise Transient("The asset is contended.")

    def admit(self, asset: Asset, quotas: Quotas, still: Item) -> Asset:
        """As `create`, for a tenant with quotas. Content that is there already needs no room.

        `still` is a condition on a row elsewhere that must hold as well. Raises QuotaExceeded, or Transient when that
        condition does not hold.
        """
        for wait_s in waits():
            try:
                entry = UsageStore(self.table).entry(asset, quotas)
            except QuotaExceeded:
                # Looked for after the counters were read: what they count can then be found.
                if earlier := self._earlier(asset):
                    return earlier
                raise
            try:
                self._write(None, asset, asset.created_at, [*entry, still])
            except TransactionRefused as refused:
                if earlier := self._earlier(asset):
                    return earlier
                if refused.reasons[-1] == REFUSED:
                    raise Transient("Somebody else decides about this upload.") from refused
                time.sleep(wait_s)
                continue
            return asset
        raise Transient("The tenant's quotas are contended.")

    def _earlier(self, asset: Asset) -> Asset | None:
        """The asset that stands for this content; this one itself when it was made before and deleted since.

        Then even when another stands: its original lies in its grave, and is not the other's.
        """
        buried = {"pk": keys.asset_pk(asset.asset_id), "sk": keys.grave_sk(asset.creator, None)}
        found = {
            row["sk"]: row for row in batch_get({self.table: [rows.asset_key(asset.asset_id), buried]})[self.table]
        }
        if buried["sk"] in found:
            return asset
        return rows.asset_of(found[keys.ASSET_ROW]) if found else None

    def change(self, asset_id: str, step: Step, now: datetime, creator: str | None = None) -> Asset | None:
        """Make of an asset what `step` says, with everything that is counted and listed of it, in one transaction.

        None when it no longer exists, or is another's of the same content (`creator`). Nothing is written when
        nothing changes. Raises NeighbourGone when a new `nearest` does not exist (any more).
        """
        for _ in range(TRIES):
            before = self.find(asset_id)
            if before is None or creator not in (None, before.creator):
                return None
            after = step(before)
            if after == before:
                return before
            after = replace(after, revision=before.revision + 1)
            try:
                self._write(before, after, now)
            except TransactionRefused as refused:
                if refused.reasons[0] != REFUSED:
                    raise NeighbourGone from refused
                continue
            return after
        raise Transient("The asset is contended.")

    def delete(self, asset_id: str, tenant: str, now: datetime) -> Asset:
        """Delete an asset; what it has in the buckets awaits purge. Raises NotFound, also for another tenant's."""
        for _ in range(TRIES):
            asset = self.read(asset_id, tenant)
            try:
                self._write(asset, None, now)
            except TransactionRefused:
                continue
            return asset
        raise Transient("The asset is contended.")

    def save_renditions(
        self,
        asset_id: str,
        creator: str,
        stage: Stage,
        renditions: Sequence[StoredRendition],
        attempts: int,
        now: datetime,
        edition: int = 0,
    ) -> bool:
        """Record a stage's renditions, and their bytes as used; False when the asset no longer exists.

        What is recorded under the same key already stays as it is; what another key replaces goes to the grave.
        Raises Overtaken when they were made for another edition than the asset's.
        """

        def step(asset: Asset) -> Asset:
            saved = _recorded(asset, renditions, edition)
            if saved == asset and asset.stages[stage] is StageStatus.COMPLETED:
                return asset
            return _at(saved, stage, StageStatus.COMPLETED, attempts)

        return self.change(asset_id, step, now, creator) is not None

    def save_rendition(
        self, asset_id: str, creator: str, rendition: StoredRendition, now: datetime, edition: int
    ) -> bool:
        """Record the one that somebody asked for; returns and raises as `save_renditions`."""
        return self.change(asset_id, lambda asset: _recorded(asset, [rendition], edition), now, creator) is not None

    def save_score(
        self,
        asset_id: str,
        creator: str,
        quality: Mapping[str, Any],
        attempts: int,
        now: datetime,
        nearest: Nearest | None = None,
    ) -> Asset | None:
        """Record an asset's scores, and its nearest image if none nearer is known; None when it no longer exists.

        Raises NeighbourGone when that nearest no longer exists.
        """

        def step(asset: Asset) -> Asset:
            scored = with_nearer(with_score(asset, quality), nearest)
            return _at(scored, Stage.QUALITY, StageStatus.COMPLETED, attempts)

        return self.change(asset_id, step, now, creator)

    def fail_stage(self, asset_id: str, stage: Stage, attempts: int, error: TaskError, now: datetime) -> None:
        """Note on the asset that a stage failed for good; what was completed, be it by an older scorer, stays so."""
        self._note(asset_id, (stage,), StageStatus.FAILED, attempts, now, error)

    def reopen_stages(self, asset_id: str, stages: Iterable[Stage], now: datetime) -> None:
        """Note on the asset that failed stages are being worked on again."""
        self._note(asset_id, tuple(stages), StageStatus.PENDING, 0, now)

    def _note(
        self,
        asset_id: str,
        stages: tuple[Stage, ...],
        state: StageStatus,
        attempts: int,
        now: datetime,
        error: TaskError | None = None,
    ) -> None:
        def step(asset: Asset) -> Asset:
            for stage in stages:
                if asset.stages[stage] is not StageStatus.COMPLETED:
                    asset = _at(asset, stage, state, attempts, error)
            return asset

        self.change(asset_id, step, now)

    def graves(self, tenant: str, before: datetime, after: Place | None = None) -> Iterator[Grave]:
        """What was buried before that moment, the oldest first, or from behind a place on."""
        query: dict[str, Any] = {
            "TableName": self.table,
            "IndexName": "graves",
            "KeyConditionExpression": "grave_of = :tenant AND buried_at < :before",
            "ExpressionAttributeValues": marshal({":tenant": tenant, ":before": rows.to_text(before)}),
            **({"ExclusiveStartKey": marshal(rows.place_key(after))} if after else {}),
        }
        return (rows.grave_of(row) for row in self._queried(query))

    def buried_keys(self, asset_id: str, creator: str) -> set[str]:
        """The renditions in the graves of an asset's one life: its own, and those of what was replaced."""
        query: dict[str, Any] = {
            "TableName": self.table,
            "KeyConditionExpression": "pk = :pk AND begins_with(sk, :prefix)",
            "FilterExpression": "attribute_exists(grave_of)",
            "ExpressionAttributeValues": marshal(
                {":pk": keys.asset_pk(asset_id), ":prefix": keys.grave_sk(creator, None)}
            ),
            "ConsistentRead": True,
        }
        return {made.key for row in self._queried(query) for made in rows.grave_of(row).renditions}

    def disown(
        self, asset_id: str, creator: str, suspects: Iterable[str], now: datetime, *, is_dry_run: bool = False
    ) -> set[str]:
        """Those of the renditions that neither the asset nor a grave of it names; from now on, none ever will."""
        strays = set(suspects) - self.buried_keys(asset_id, creator)
        if not strays:
            return strays

        def step(asset: Asset) -> Asset:
            is_needed = strays - _named(asset) and not is_dry_run
            return replace(asset, edition=asset.edition + 1) if is_needed else asset

        asset = self.change(asset_id, step, now, creator)
        strays -= _named(asset) if asset else set()
        return strays - self.buried_keys(asset_id, creator)  # what was recorded meanwhile, and let go of, has a grave

    def owns_original(self, creator: str, original: Original) -> bool:
        """Whether an asset that this task made, or its grave, names these very bytes. One just made is overlooked."""
        query: dict[str, Any] = {
            "TableName": self.table,
            "IndexName": "by_creator",
            "KeyConditionExpression": "creator = :creator",
            "ExpressionAttributeValues": marshal({":creator": creator}),
        }
        return any(row.get("original") == asdict(original) for row in self._queried(query))

    def close_grave(self, grave: Grave) -> bool:
        """Note that its objects are gone: it awaits purge no longer. False when that was noted already.

        Of a deleted asset a headstone stays: work that comes ever so late must not bring it back.
        """
        row = rows.grave_row(grave)
        condition = "attribute_exists(grave_of)"
        gone: Item = {"Delete": {**self._delete(row)["Delete"], "ConditionExpression": condition}}
        if grave.original:
            gone = self._put({"pk": row["pk"], "sk": row["sk"]}, condition)
        bytes_less = {"awaiting_purge_bytes": -grave.bytes} if grave.bytes else {}
        items = [gone, *self._counted(keys.usage_pk(grave.tenant), grave.asset_id, bytes_less)]
        try:
            attempt(lambda: dynamodb().transact_write_items(TransactItems=items))  # type: ignore[arg-type]
        except TransactionRefused:
            return False
        return True

    def statistics(self, tenant: str, project: str) -> Statistics:
        """A project's counts and histograms: read from its few counter rows, however many images it has."""
        query: dict[str, Any] = {
            "TableName": self.table,
            "KeyConditionExpression": "pk = :pk",
            "ExpressionAttributeValues": marshal({":pk": keys.statistics_pk(tenant, project)}),
            "ConsistentRead": True,
        }
        counters: Counter[str] = Counter()
        for row in attempt(lambda: dynamodb().query(**query))["Items"]:
            counters.update({name: n for name, n in unmarshal(row).items() if name not in {"pk", "sk"}})
        return read_statistics(counters)

    def followers(self, asset_id: str, created_at: datetime) -> Iterator[tuple[str, int]]:
        """The ids of the assets that have this one, as it was created then, as their nearest, or had until `unfollow`.

        Each with its distance, the nearest first. Of a deleted asset none of them is missing.
        """
        created = rows.to_text(created_at) or ""
        query: dict[str, Any] = {
            "TableName": self.table,
            "KeyConditionExpression": "pk = :pk AND begins_with(sk, :prefix)",
            "ExpressionAttributeValues": marshal(
                {":pk": keys.asset_pk(asset_id), ":prefix": keys.nearest_prefix(created)},
            ),
            "ConsistentRead": True,
            "Limit": FOLLOWERS_PER_CALL,
        }
        return (keys.follower_of_sk(row["sk"]) for row in self._queried(query))

    def unfollow(self, nearest: Nearest, asset_id: str) -> None:
        """Forget that the asset had this one as its nearest: it has looked anew."""
        batch_delete(self.table, [rows.nearest_key(nearest, asset_id)])

    def _queried(self, query: dict[str, Any]) -> Iterator[Item]:
        """The rows of all pages."""
        start: dict[str, Any] = {}
        while True:
            answer = attempt(partial(dynamodb().query, **query, **start))
            yield from map(unmarshal, answer["Items"])
            if "LastEvaluatedKey" not in answer:
                return
            start = {"ExclusiveStartKey": answer["LastEvaluatedKey"]}

    def _write(self, before: Asset | None, after: Asset | None, now: datetime, conditions: Sequence[Item] = ()) -> None:
        """One transaction, the asset's own row first, further conditions last. Raises TransactionRefused."""
        asset = after or before
        if asset is None:
            raise ValueError("nothing becomes nothing")
        grave = burial(before, after, now)
        items = [
            self._row(asset, before, after),
            *self._counted(keys.usage_pk(asset.tenant), asset.asset_id, usage_change(before, after, grave)),
            *self._counted(
                keys.statistics_pk(asset.tenant, asset.project), asset.asset_id, statistics_change(before, after)
            ),
            *self._labels(before, after),
            *self._nearest(before, after),
            *([self._put(rows.grave_row(grave))] if grave else []),
        ]
        if before is None:
            items.append(self._check(asset.asset_id, keys.grave_sk(asset.creator, None), "attribute_not_exists(pk)"))
        items += conditions
        attempt(lambda: dynamodb().transact_write_items(TransactItems=items))  # type: ignore[arg-type]

    def _row(self, asset: Asset, before: Asset | None, after: Asset | None) -> Item:
        if before is None:
            return self._put(rows.asset_row(asset), "attribute_not_exists(pk)")
        condition = {
            "ConditionExpression": "revision = :revision",
            "ExpressionAttributeValues": marshal({":revision": before.revision}),
        }
        if after is None:
            key = marshal(rows.asset_key(before.asset_id))
            return {"Delete": {"TableName": self.table, "Key": key, **condition}}
        return {"Put": {"TableName": self.table, "Item": marshal(rows.asset_row(after)), **condition}}

    def _labels(self, before: Asset | None, after: Asset | None) -> Iterator[Item]:
        old, new = rows.label_rows(before), rows.label_rows(after)
        yield from (self._put(row) for sk, row in new.items() if old.get(sk) != row)
        yield from (self._delete(row) for sk, row in old.items() if sk not in new)

    def _nearest(self, before: Asset | None, after: Asset | None) -> Iterator[Item]:
        """The row in the neighbour's partition that says who must look anew once it is gone.

        Who gives its nearest up without a new one keeps the row, until it has looked.
        """
        old, new = before.nearest if before else None, after.nearest if after else None
        if old == new:
            return
        if before and old and (after is None or new):
            yield self._delete(rows.nearest_key(old, before.asset_id))
        if after and new:
            yield self._put(rows.nearest_key(new, after.asset_id))
            yield self._check(new.asset_id, keys.ASSET_ROW, "created_at = :at", {":at": rows.to_text(new.created_at)})

    def _counted(self, pk: str, asset_id: str, changes: Mapping[str, int]) -> Iterator[Item]:
        if not changes:
            return
        numbered = list(enumerate(changes.items()))
        yield {
            "Update": {
                "TableName": self.table,
                "Key": marshal({"pk": pk, "sk": keys.shard_sk(shard_of(asset_id))}),
                "UpdateExpression": "ADD " + ", ".join(f"#{n} :{n}" for n, _ in numbered),
                "ExpressionAttributeNames": {f"#{n}": name for n, (name, _) in numbered},
                "ExpressionAttributeValues": {f":{n}": value(by) for n, (_, by) in numbered},
            }
        }

    def _put(self, row: Item, condition: str | None = None) -> Item:
        conditions = {"ConditionExpression": condition} if condition else {}
        return {"Put": {"TableName": self.table, "Item": marshal(row), **conditions}}

    def _delete(self, row: Item) -> Item:
        return {"Delete": {"TableName": self.table, "Key": marshal({"pk": row["pk"], "sk": row["sk"]})}}

    def _check(self, asset_id: str, sk: str, condition: str, values: Item | None = None) -> Item:
        key = marshal({"pk": keys.asset_pk(asset_id), "sk": sk})
        bound = {"ExpressionAttributeValues": marshal(values)} if values else {}
        return {"ConditionCheck": {"TableName": self.table, "Key": key, "ConditionExpression": condition, **bound}}


def _named(asset: Asset) -> set[str]:
    return {rendition.key for rendition in asset.renditions.values()}


def _recorded(asset: Asset, renditions: Sequence[StoredRendition], edition: int) -> Asset:
    saved = with_renditions(asset, list(renditions))
    if saved.renditions != asset.renditions and asset.edition != edition:
        raise Overtaken(asset.edition)
    return saved


def _at(asset: Asset, stage: Stage, state: StageStatus, attempts: int, error: TaskError | None = None) -> Asset:
    errors = {failed: known for failed, known in asset.errors.items() if failed is not stage}
    return replace(
        asset,
        stages={**asset.stages, stage: state},
        attempts={**asset.attempts, stage: attempts},
        errors=errors | ({stage: error} if error else {}),
    )
