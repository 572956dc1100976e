"""Pages of a project's assets, each read from one index of the catalog table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from shared.domain import keys
from shared.domain.listing import AssetQuery, Index, Position
from shared.stores.dynamo import Item, attempt, dynamodb, marshal, unmarshal


@dataclass(frozen=True)
class Page:
    """Ids in the order of the query; `last` is where to go on, None at the end."""

    asset_ids: list[str]
    last: Position | None


@dataclass(frozen=True)
class ListingStore:
    table: str

    def page(
        self, tenant: str, project: str, query: AssetQuery, index: Index, after: Position | None, limit: int
    ) -> Page:
        """Up to `limit` ids after a place. The index lags a little: it may name an asset that was just deleted."""
        group = _group(tenant, project, query)
        hash_name = next(iter(group))
        condition, values = "#hash = :hash", {":hash": group[hash_name]}
        names = {"#hash": hash_name}
        if query.quality_range:
            condition += " AND #sorted BETWEEN :low AND :high"
            names["#sorted"] = index.attribute
            # DynamoDB's numbers end at 1e-130; ours have four decimals.
            values |= dict(zip((":low", ":high"), (round(end, 12) for end in query.quality_range), strict=True))
        request: dict[str, Any] = {
            "TableName": self.table,
            "IndexName": index.name,
            "KeyConditionExpression": condition,
            "ExpressionAttributeNames": names,
            "ExpressionAttributeValues": marshal(values),
            "ScanIndexForward": not query.is_descending,
            "Limit": limit + 1,  # one more, to know whether there is another page
        }
        if after:
            request["ExclusiveStartKey"] = marshal(
                group | {"pk": keys.asset_pk(after.asset_id), "sk": _sk(query), index.attribute: after.value}
            )
        found = [unmarshal(row) for row in attempt(lambda: dynamodb().query(**request))["Items"]]
        ids = [keys.asset_of_pk(row["pk"]) for row in found[:limit]]
        last = Position(found[limit - 1][index.attribute], ids[-1]) if len(found) > limit else None
        return Page(ids, last)


def _group(tenant: str, project: str, query: AssetQuery) -> Item:
    if query.label is None:
        return {"project_key": keys.project_key(tenant, project)}
    return {"label_key": keys.label_key(tenant, project, query.label)}


def _sk(query: AssetQuery) -> str:
    """An issue has a row of its own beside the asset's; a category is on the asset's."""
    return keys.label_sk(query.label) if query.issue is not None and query.label else keys.ASSET_ROW
