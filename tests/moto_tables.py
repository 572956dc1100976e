"""Let moto copy a table once for each transaction: it does so for each item of one, and each copy is the same."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from contextvars import ContextVar
from typing import Any

from moto.dynamodb.models import DynamoDBBackend, Table

_copies: ContextVar[dict[int, Table] | None] = ContextVar("copies", default=None)
_transact = DynamoDBBackend.transact_write_items


def copy_tables_once() -> None:
    """A third of the proofs' time went into these copies, which moto makes to undo a transaction that is refused."""
    DynamoDBBackend.transact_write_items = _transact_with_one_copy
    Table.__deepcopy__ = _copied_once


def _transact_with_one_copy(backend: DynamoDBBackend, items: list[Mapping[str, Any]]) -> None:
    token = _copies.set({})
    try:
        _transact(backend, items)
    finally:
        _copies.reset(token)


def _copied_once(table: Table, memo: dict[int, Any]) -> Table:
    copies = _copies.get()
    if copies is not None and id(table) in copies:
        return copies[id(table)]
    copied = memo[id(table)] = object.__new__(type(table))
    copied.__dict__.update(copy.deepcopy(vars(table), memo))
    if copies is not None:
        copies[id(table)] = copied
    return copied
