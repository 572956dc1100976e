"""The books of an audit: what the ledger says, what lies in the buckets, and where the two differ."""

from __future__ import annotations

import sqlite3
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

from darkroom.wording import count, size

COUNTERS = ("asset_count", "asset_bytes", "rendition_count", "rendition_bytes", "awaiting_purge_bytes")

_SCHEMA = """
    CREATE TABLE owned (bucket, key, version, bytes, tenant, owner, is_required,
        PRIMARY KEY (bucket, key, version, owner)) WITHOUT ROWID;
    CREATE TABLE stored (bucket, key, version, bytes, tenant, written_at,
        PRIMARY KEY (bucket, key, version)) WITHOUT ROWID;
"""
_WITHOUT_OWNER = "SELECT stored.* FROM stored LEFT JOIN owned USING (bucket, key, version) WHERE owned.key IS NULL"
_WITHOUT_OBJECT = """
    SELECT owned.* FROM owned LEFT JOIN stored USING (bucket, key, version) WHERE is_required AND stored.key IS NULL
"""
_OF_OTHER_SIZE = """
    SELECT owned.*, stored.bytes FROM owned JOIN stored USING (bucket, key, version) WHERE owned.bytes <> stored.bytes
"""
_OWNED_TWICE = """
    SELECT one.*, other.owner FROM owned AS one JOIN owned AS other USING (bucket, key, version)
    WHERE one.owner < other.owner
"""
_SIZES = "SELECT tenant, COUNT(*), SUM(bytes) FROM stored GROUP BY tenant"


@dataclass(frozen=True, slots=True)
class Owned:
    """An object that the ledger names. `bytes` is None where it does not say."""

    bucket: str
    key: str
    version: str
    bytes: int | None
    tenant: str
    owner: str
    is_required: bool = True
    """False of one that is about to be deleted, and may be gone."""


@dataclass(frozen=True, slots=True)
class Stored:
    """One version of an object in a bucket. `written_at` is in seconds since 1970."""

    bucket: str
    key: str
    version: str
    bytes: int
    tenant: str
    written_at: float


@dataclass(frozen=True, slots=True)
class Difference:
    """`key` is that of the object, or the name of the counter."""

    kind: str
    tenant: str
    key: str
    version: str
    detail: str

    @property
    def line(self) -> str:
        version = f" version {self.version}" if self.version not in {"", "null"} else ""
        return f"{self.kind}: {self.key}{version}: {self.detail}"


@dataclass(slots=True)
class TenantAudit:
    """What a tenant has, by the ledger and by the buckets."""

    tenant: str
    name: str
    counters: dict[str, int]
    """As the ledger counts."""
    objects: int = 0
    bytes: int = 0
    """Of the objects in both buckets."""
    in_flight: int = 0
    """Objects of uploads and work that have not ended: nobody's yet, and no difference."""
    is_moving: bool = False
    """The counters changed during the audit, so they were not compared."""
    differences: list[Difference] = field(default_factory=list)


@dataclass(slots=True)
class Audit:
    tenants: list[TenantAudit]

    @property
    def is_equal(self) -> bool:
        return not any(found.differences for found in self.tenants)

    @property
    def differences(self) -> list[Difference]:
        return [difference for found in self.tenants for difference in found.differences]


class Books:
    """Both sides, on disk: they may be millions of objects, and memory stays small."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="darkroom-audit-")
        self._books = sqlite3.connect(Path(self._folder.name) / "books")
        self._books.executescript("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;" + _SCHEMA)
        self.recount: dict[str, Counter[str]] = {}
        """Tenant → its counters, as they are when all that it owns is added up."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._books.close()
        self._folder.cleanup()

    def own(self, found: Iterable[Owned]) -> None:
        """Note what the ledger names."""
        rows = (
            (owned.bucket, owned.key, owned.version, owned.bytes, owned.tenant, owned.owner, owned.is_required)
            for owned in found
        )
        self._books.executemany("INSERT OR REPLACE INTO owned VALUES (?, ?, ?, ?, ?, ?, ?)", rows)

    def count(self, tenant: str, **found: int) -> None:
        """Add to what the tenant's counters must say."""
        self.recount.setdefault(tenant, Counter()).update(found)

    def store(self, found: Iterable[Stored]) -> None:
        """Note what lies in a bucket."""
        rows = ((item.bucket, item.key, item.version, item.bytes, item.tenant, item.written_at) for item in found)
        self._books.executemany("INSERT OR REPLACE INTO stored VALUES (?, ?, ?, ?, ?, ?)", rows)

    def without_owner(self) -> Iterator[Stored]:
        return (Stored(*row) for row in self._books.execute(_WITHOUT_OWNER))

    def without_object(self) -> Iterator[Owned]:
        return (Owned(*row) for row in self._books.execute(_WITHOUT_OBJECT))

    def of_other_size(self) -> Iterator[tuple[Owned, int]]:
        """Owned, and the bytes that lie there."""
        return ((Owned(*owned), size) for *owned, size in self._books.execute(_OF_OTHER_SIZE))

    def owned_twice(self) -> Iterator[tuple[Owned, str]]:
        """Owned, and another owner of the same."""
        return ((Owned(*owned), other) for *owned, other in self._books.execute(_OWNED_TWICE))

    def sizes(self) -> Iterator[tuple[str, int, int]]:
        """Each tenant, how many objects it has in both buckets, and their bytes."""
        return self._books.execute(_SIZES)


def audit_line(found: TenantAudit) -> str:
    """'shop: 120 assets, 1,200 objects, 48.1 MB: equal'."""
    parts = [f"{found.counters.get('asset_count', 0):,} assets", f"{found.objects:,} objects", size(found.bytes)]
    parts += [f"{found.in_flight:,} in flight"] if found.in_flight else []
    verdict = count(len(found.differences), "difference") if found.differences else "equal"
    if found.is_moving:
        verdict += "; work is going on, so the counters were not compared"
    return f"{found.name or found.tenant or 'nobody'}: {', '.join(parts)}: {verdict}"


def counter_differences(tenant: str, counters: dict[str, int], recount: Counter[str]) -> list[Difference]:
    """Where a tenant's counters are not what its assets and graves add up to."""
    return [
        Difference("counter off", tenant, name, "", f"says {counters.get(name, 0):,}, it is {recount[name]:,}")
        for name in COUNTERS
        if counters.get(name, 0) != recount[name]
    ]
