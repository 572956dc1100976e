"""Poison records in the jobs table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from shared.domain import keys
from shared.domain.poison import PoisonRecord
from shared.errors import NotFound
from shared.stores import rows
from shared.stores.dynamo import attempt, dynamodb, marshal, unmarshal

PAGE = 100


@dataclass(frozen=True)
class PoisonPage:
    records: list[PoisonRecord]
    next_cursor: str | None


@dataclass(frozen=True)
class PoisonStore:
    table: str

    def keep(self, record: PoisonRecord) -> None:
        """Keep a record; the same one again changes nothing."""
        attempt(lambda: dynamodb().put_item(TableName=self.table, Item=marshal(rows.poison_row(record))))

    def read(self, poison_id: str, tenant: str) -> PoisonRecord:
        """Raises NotFound."""
        key = marshal(rows.poison_key(tenant, poison_id))
        found = attempt(lambda: dynamodb().get_item(TableName=self.table, Key=key, ConsistentRead=True))
        if "Item" not in found:
            raise NotFound("There is no such poison record.")
        return rows.poison_of(unmarshal(found["Item"]))

    def page(self, tenant: str, cursor: str | None) -> PoisonPage:
        """A tenant's records, those of its newest jobs first, up to PAGE."""
        query: dict[str, Any] = {
            "TableName": self.table,
            "KeyConditionExpression": "pk = :pk",
            "ExpressionAttributeValues": marshal({":pk": keys.poison_pk(tenant)}),
            "ScanIndexForward": False,
            "ConsistentRead": True,
            "Limit": PAGE,
        }
        if cursor:
            query["ExclusiveStartKey"] = marshal(rows.poison_key(tenant, cursor))
        answer = attempt(lambda: dynamodb().query(**query))
        last = answer.get("LastEvaluatedKey")
        return PoisonPage(
            records=[rows.poison_of(unmarshal(row)) for row in answer["Items"]],
            next_cursor=unmarshal(last)["sk"] if last else None,
        )

    def delete(self, poison_id: str, tenant: str) -> None:
        key = marshal(rows.poison_key(tenant, poison_id))
        attempt(lambda: dynamodb().delete_item(TableName=self.table, Key=key))
