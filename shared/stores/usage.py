"""What a tenant has in storage, and whether its quotas leave room for more: counters in the catalog table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from zlib import crc32

from shared.domain import keys
from shared.domain.asset import Asset
from shared.domain.quotas import Holding, Quotas, check_holding, has_room
from shared.stores.dynamo import Item, attempt, dynamodb, marshal, unmarshal

SHARDS = 16
"""A tenant's and a project's counters are spread over so many rows: of two transactions on one row, one must wait."""

COUNTERS = ("asset_count", "rendition_count", "asset_bytes", "rendition_bytes", "awaiting_purge_bytes")


def shard_of(asset_id: str) -> int:
    """The shard that counts an asset."""
    return crc32(asset_id.encode()) % SHARDS


@dataclass(frozen=True)
class UsageStore:
    table: str

    def read(self, tenant: str) -> dict[str, int]:
        """Counter → its sum; sizes in bytes."""
        return _summed(self._rows(tenant))

    def holding(self, tenant: str) -> Holding:
        """What counts towards the tenant's quotas."""
        return _held(self._rows(tenant))

    def entry(self, asset: Asset, quotas: Quotas) -> list[Item]:
        """What must go into the transaction that creates an asset, so that its tenant stays within its quotas.

        Each image that is let in moves on its shard's count of admissions, on condition that it is what was read. So
        of the images that saw the same room, each shard lets in one; where there is room for fewer than one of this
        size in each shard, all shards' counts are moved on, and one is let in at all. Raises QuotaExceeded.
        """
        found = self._rows(asset.tenant)
        held, more = _held(found), Holding(1, asset.bytes)
        check_holding(quotas, held, more)
        is_roomy = has_room(quotas, held, more.times(SHARDS))
        shards: Sequence[int] = [shard_of(asset.asset_id)] if is_roomy else range(SHARDS)
        admitted = {row["sk"]: row["admitted"] for row in found if "admitted" in row}
        return [self._admission(asset.tenant, sk, admitted.get(sk)) for sk in map(keys.admissions_sk, shards)]

    def _admission(self, tenant: str, sk: str, read: int | None) -> Item:
        known = "attribute_not_exists(pk)" if read is None else "admitted = :read"
        return {
            "Update": {
                "TableName": self.table,
                "Key": marshal({"pk": keys.usage_pk(tenant), "sk": sk}),
                "UpdateExpression": "ADD admitted :one",
                "ConditionExpression": known,
                "ExpressionAttributeValues": marshal({":one": 1, ":read": read}),
            }
        }

    def _rows(self, tenant: str) -> list[Item]:
        """One Query, in the order of the sort keys: the shards of a tenant are far from filling a page."""
        answer = attempt(
            lambda: dynamodb().query(
                TableName=self.table,
                KeyConditionExpression="pk = :pk",
                ExpressionAttributeValues=marshal({":pk": keys.usage_pk(tenant)}),
                ConsistentRead=True,
            )
        )
        return [unmarshal(row) for row in answer["Items"]]


def _summed(shards: Sequence[Item]) -> dict[str, int]:
    return {name: sum(shard.get(name, 0) for shard in shards) for name in COUNTERS}


def _held(shards: Sequence[Item]) -> Holding:
    counters = _summed(shards)
    return Holding(counters["asset_count"], counters["asset_bytes"])
