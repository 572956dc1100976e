"""Quotas: what a tenant may hold, and how much it may send at once. None is no limit."""

from __future__ import annotations

from dataclasses import dataclass

from shared.errors import QuotaExceeded


@dataclass(frozen=True)
class Holding:
    """Images, and the bytes of their originals."""

    assets: int
    bytes: int

    def times(self, n: int) -> Holding:
        return Holding(self.assets * n, self.bytes * n)


@dataclass(frozen=True)
class Quotas:
    assets: int | None = None
    bytes: int | None = None
    files_per_session: int | None = None

    @property
    def is_of_holding(self) -> bool:
        """Whether what the tenant holds is limited at all: otherwise no upload need look."""
        return self.assets is not None or self.bytes is not None


NO_QUOTAS = Quotas()

UNITS = {"assets": "images", "bytes": "bytes of originals"}


def check_files(quotas: Quotas, files: int) -> None:
    """Raises QuotaExceeded for more files than one session may have."""
    limit = quotas.files_per_session
    if limit is not None and files > limit:
        raise QuotaExceeded(f"The tenant's sessions take {limit:,} files.", limit=limit, measured=files)


def check_holding(quotas: Quotas, held: Holding, more: Holding) -> None:
    """Raises QuotaExceeded, with what would be held, unless the tenant may hold that much more."""
    for name, unit in UNITS.items():
        limit, added = getattr(quotas, name), getattr(more, name)
        measured = getattr(held, name) + added
        if limit is not None and added and measured > limit:
            raise QuotaExceeded(f"The tenant may hold {limit:,} {unit}.", limit=limit, measured=measured)


def has_room(quotas: Quotas, held: Holding, more: Holding) -> bool:
    try:
        check_holding(quotas, held, more)
    except QuotaExceeded:
        return False
    return True
