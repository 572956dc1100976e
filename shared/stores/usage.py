"""What a tenant has in storage: its counters, summed over their shards in the catalog table."""

from __future__ import annotations

from dataclasses import dataclass

from shared.domain import keys
from shared.stores.dynamo import attempt, dynamodb, marshal, unmarshal

COUNTERS = ("asset_count", "rendition_count", "asset_bytes", "rendition_bytes", "awaiting_purge_bytes")


@dataclass(frozen=True)
class UsageStore:
    table: str

    def read(self, tenant: str) -> dict[str, int]:
        """Counter → its sum; sizes in bytes. One Query: the shards of a tenant are far from filling a page."""
        answer = attempt(
            lambda: dynamodb().query(
                TableName=self.table,
                KeyConditionExpression="pk = :pk",
                ExpressionAttributeValues=marshal({":pk": keys.usage_pk(tenant)}),
                ConsistentRead=True,
            )
        )
        shards = [unmarshal(row) for row in answer["Items"]]
        return {name: sum(shard.get(name, 0) for shard in shards) for name in COUNTERS}
