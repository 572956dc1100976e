"""Which listings of a project's assets there are, and the cursors that go on with one."""

from __future__ import annotations

import hashlib
import json
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from shared.domain import keys
from shared.domain.ids import ASSET_ID
from shared.domain.scoring import CATEGORIES, ISSUES
from shared.errors import InvalidCursor, InvalidRequest, UnsupportedListing

CURSOR_ADVICE = "Use the next_cursor of the same query, unchanged."
CURSOR = re.compile(r"[A-Za-z0-9_=-]{1,400}")


class Sort(StrEnum):
    CREATED = "created"
    SCORED = "scored"
    OVERALL_QUALITY = "overall_quality"
    SHARPNESS = "sharpness"
    UNIQUENESS = "uniqueness"


class Filters(StrEnum):
    NONE = "no filter"
    LABEL = "issue or category"
    QUALITY = "min_quality, max_quality"
    LABEL_AND_QUALITY = "min_quality, max_quality with an issue or a category"


@dataclass(frozen=True)
class Index:
    """An index of the catalog table, and the attribute that it sorts by."""

    name: str
    attribute: str


INDEXES: dict[tuple[Filters, Sort], Index] = {
    (Filters.NONE, Sort.CREATED): Index("assets_by_creation", "created_at"),
    (Filters.NONE, Sort.SCORED): Index("assets_by_scoring", "scored_at"),
    (Filters.NONE, Sort.OVERALL_QUALITY): Index("assets_by_quality", "overall_quality"),
    (Filters.NONE, Sort.SHARPNESS): Index("assets_by_sharpness", "sharpness"),
    (Filters.NONE, Sort.UNIQUENESS): Index("assets_by_uniqueness", "uniqueness"),
    (Filters.LABEL, Sort.CREATED): Index("labelled_by_creation", "created_at"),
    (Filters.LABEL, Sort.OVERALL_QUALITY): Index("labelled_by_quality", "overall_quality"),
    (Filters.QUALITY, Sort.OVERALL_QUALITY): Index("assets_by_quality", "overall_quality"),
    (Filters.LABEL_AND_QUALITY, Sort.OVERALL_QUALITY): Index("labelled_by_quality", "overall_quality"),
}
"""Every listing there is: each is read from one index, in its order."""


@dataclass(frozen=True)
class AssetQuery:
    """What to list, and in which order. Qualities are 0-1, both ends included."""

    sort: Sort = Sort.CREATED
    is_descending: bool = True
    issue: str | None = None
    category: str | None = None
    min_quality: float | None = None
    max_quality: float | None = None

    @property
    def label(self) -> str | None:
        """The label of the issue or the category that it filters by."""
        if self.issue is not None:
            return keys.issue_label(self.issue)
        return keys.category_label(self.category) if self.category is not None else None

    @property
    def quality_range(self) -> tuple[float, float] | None:
        """None when every quality will do."""
        if self.min_quality is None and self.max_quality is None:
            return None
        return self.min_quality or 0.0, 1.0 if self.max_quality is None else self.max_quality


@dataclass(frozen=True)
class Position:
    """The place of an asset in an index: what comes after it is the next page."""

    value: str | float
    asset_id: str


def index_of(query: AssetQuery) -> Index:
    """The index that serves the query. Raises InvalidRequest for a wrong value, UnsupportedListing for a wrong pair."""
    _check("issue", query.issue, [row[0] for row in ISSUES])
    _check("category", query.category, [row[0] for row in CATEGORIES])
    if query.quality_range and query.quality_range[0] > query.quality_range[1]:
        raise InvalidRequest("`min_quality` is above `max_quality`.")
    index = INDEXES.get((_filters(query), query.sort))
    if index is None or (query.issue is not None and query.category is not None):
        raise UnsupportedListing(_supported())
    return index


def encode_cursor(tenant: str, project: str, query: AssetQuery, position: Position) -> str:
    """The place to go on at. It holds no key of a table: those are built anew from who asks."""
    seal = _seal(tenant, project, query, position)
    return urlsafe_b64encode(json.dumps([position.value, position.asset_id, seal]).encode()).decode()


def decode_cursor(tenant: str, project: str, query: AssetQuery, cursor: str) -> Position:
    """Raises InvalidCursor for what this query of this tenant was not given."""
    try:
        value, asset_id, seal = json.loads(urlsafe_b64decode(cursor) if CURSOR.fullmatch(cursor) else b"")
    except (ValueError, TypeError, RecursionError) as error:  # no base64, no JSON, or not three values
        raise InvalidCursor(CURSOR_ADVICE) from error
    position = Position(value, asset_id)
    if seal != _seal(tenant, project, query, position) or not _is_place(index_of(query), position):
        raise InvalidCursor(CURSOR_ADVICE)
    return position


def _check(name: str, value: str | None, known: list[str]) -> None:
    if value is not None and value not in known:
        detail = f"It is one of {', '.join(known)}."
        raise InvalidRequest(
            f"There is no such {name}.", errors=[{"loc": ["query", name], "code": f"unknown_{name}", "detail": detail}]
        )


def _filters(query: AssetQuery) -> Filters:
    if query.label is None:
        return Filters.QUALITY if query.quality_range else Filters.NONE
    return Filters.LABEL_AND_QUALITY if query.quality_range else Filters.LABEL


def _supported() -> str:
    pairs = [(filters, [sort for known, sort in INDEXES if known is filters]) for filters in Filters]
    return "There are: " + "; ".join(f"{filters} by {' or '.join(sorts)}" for filters, sorts in pairs) + "."


def _seal(tenant: str, project: str, query: AssetQuery, position: Position) -> str:
    """Binds a cursor to its query; it guards no secret, since a cursor cannot lead out of the caller's project."""
    bound = [
        *(tenant, project, query.sort, query.is_descending, query.label, query.quality_range),
        *(position.value, position.asset_id),
    ]
    return hashlib.sha256(json.dumps(bound).encode()).hexdigest()[:16]


def _is_place(index: Index, position: Position) -> bool:
    if not isinstance(position.asset_id, str) or not ASSET_ID.fullmatch(position.asset_id):
        return False
    if index.attribute in {"created_at", "scored_at"}:
        return isinstance(position.value, str) and _is_time(position.value)
    value = position.value
    return isinstance(value, int | float) and type(value) is not bool and 0 <= value <= 1 and round(value, 12) == value


def _is_time(text: str) -> bool:
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True
