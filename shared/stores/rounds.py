"""The one row in the catalog table that says how far the nightly purge is."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from shared.domain import keys
from shared.domain.round import Bucket, Round
from shared.stores.dynamo import ConditionFailed, Item, attempt, dynamodb, marshal, unmarshal

KEY: Item = {"pk": keys.PURGE, "sk": keys.ROUND_ROW}


@dataclass(frozen=True)
class RoundStore:
    table: str

    def read(self) -> Round:
        found = attempt(lambda: dynamodb().get_item(TableName=self.table, Key=marshal(KEY), ConsistentRead=True))
        if "Item" not in found:
            return Round()
        row = unmarshal(found["Item"])
        at = Bucket(row["bucket"])
        return Round(row["day"], row["step"], row["pages_left"], at, row.get("after"), row.get("graves_after"))

    def save(self, after: Round, before: Round) -> bool:
        """Whether it was still the one that was read; if not, somebody else is at work."""
        try:
            attempt(
                lambda: dynamodb().put_item(
                    TableName=self.table,
                    Item=marshal(KEY | asdict(after)),
                    ConditionExpression="attribute_not_exists(pk) OR step = :step",
                    ExpressionAttributeValues=marshal({":step": before.step}),
                )
            )
        except ConditionFailed:
            return False
        return True
