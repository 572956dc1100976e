"""What moto does over and over, done once or left out: the answers are the same."""

from __future__ import annotations

import pickle
from collections.abc import Mapping
from contextvars import ContextVar
from typing import Any

from moto.core.model import StructureShape
from moto.core.models import RESPONSES_METHODS
from moto.core.serialize import BaseJSONSerializer
from moto.dynamodb.models import DynamoDBBackend, Table

_copies: ContextVar[dict[int, Table] | None] = ContextVar("copies", default=None)
_transact = DynamoDBBackend.transact_write_items
_serialize = BaseJSONSerializer._serialize_type_structure


def make_moto_quick() -> None:
    # A third of the proofs' time went into these copies, which moto makes to undo a transaction that is refused.
    DynamoDBBackend.transact_write_items = _transact_with_one_copy
    Table.__deepcopy__ = _copied_once
    BaseJSONSerializer._serialize_type_structure = _values_as_they_are
    # 1,400 patterns for each mock, for those who call AWS by `requests`: nobody here does.
    RESPONSES_METHODS.clear()


def _transact_with_one_copy(backend: DynamoDBBackend, items: list[Mapping[str, Any]]) -> None:
    """Moto copies a table for each item of a transaction, and each copy is the same."""
    token = _copies.set({})
    try:
        _transact(backend, items)
    finally:
        _copies.reset(token)


def _copied_once(table: Table, _: dict[int, Any]) -> Table:
    copies = _copies.get()
    if copies is None:
        copies = {}
    if id(table) not in copies:
        copies[id(table)] = pickle.loads(pickle.dumps(table))
    return copies[id(table)]


def _values_as_they_are(
    serializer: BaseJSONSerializer, serialized: dict[str, Any], value: Any, shape: StructureShape, key: str
) -> None:
    """DynamoDB's values are JSON already; moto looks for each of the ten types in each of them, by many names."""
    if shape.name == "AttributeValue":
        serialized[key] = value
    else:
        _serialize(serializer, serialized, value, shape, key)
