"""A tenant's presets, in one row of the catalog table."""

from __future__ import annotations

from collections.abc import Container, Sequence
from dataclasses import dataclass
from typing import Any

from shared.domain import keys
from shared.domain.presets import Preset, all_presets, revised
from shared.errors import PreconditionFailed, Transient
from shared.stores import rows
from shared.stores.dynamo import TRIES, ConditionFailed, Item, attempt, dynamodb, marshal, unmarshal


@dataclass(frozen=True)
class Revision:
    """Every preset of a tenant, built-in and own, those that are off as well. `number` is raised by each change."""

    number: int
    presets: tuple[Preset, ...]


@dataclass(frozen=True)
class PresetStore:
    table: str

    def read(self, tenant: str) -> tuple[Preset, ...]:
        """Every preset of a tenant: one GetItem."""
        return self.read_revision(tenant).presets

    def read_revision(self, tenant: str) -> Revision:
        """The same, with its number; 0 for a tenant that has never changed any."""
        row = self._row(tenant)
        return Revision(_number(row), all_presets(_own(row)))

    def replace(self, tenant: str, wanted: Sequence[Preset], among: Container[int] | None = None) -> Revision:
        """Make these a tenant's rows (a built-in's row says whether it is on); every preset as it then is.

        Raises PreconditionFailed where that changes another revision than those `among` which it should be.
        """
        for _ in range(TRIES):
            row = self._row(tenant)
            known = _number(row)
            kept = revised(wanted, _own(row), known + 1)
            if kept == _own(row):
                return Revision(known, all_presets(kept))
            if among is not None and known not in among:
                raise PreconditionFailed("The presets were changed since they were read; read them anew.")
            put: Any = {
                "TableName": self.table,
                "Item": marshal(
                    {**_key(tenant), "revision": known + 1, "presets": [rows.preset_row(preset) for preset in kept]}
                ),
                "ConditionExpression": "revision = :known" if row else "attribute_not_exists(pk)",
                **({"ExpressionAttributeValues": marshal({":known": known})} if row else {}),
            }
            try:
                attempt(lambda: dynamodb().put_item(**put))  # noqa: B023  # called at once
            except ConditionFailed:
                continue
            return Revision(known + 1, all_presets(kept))
        raise Transient("Others are changing the presets at the same time.")

    def _row(self, tenant: str) -> Item | None:
        key = marshal(_key(tenant))
        found = attempt(lambda: dynamodb().get_item(TableName=self.table, Key=key, ConsistentRead=True))
        return unmarshal(found["Item"]) if "Item" in found else None


def _key(tenant: str) -> Item:
    return {"pk": keys.tenant_pk(tenant), "sk": keys.PRESETS_ROW}


def _number(row: Item | None) -> int:
    return row["revision"] if row else 0


def _own(row: Item | None) -> tuple[Preset, ...]:
    return tuple(rows.preset_of(found) for found in row["presets"]) if row else ()
