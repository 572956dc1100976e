"""Tenants, projects and API keys, as frozen values."""

from __future__ import annotations

from dataclasses import dataclass

from darkroom.models import Raw, known


@dataclass(frozen=True, slots=True)
class Me:
    """Whose key this is, and what it may do."""

    tenant_id: str
    tenant_name: str = ""
    scopes: tuple[str, ...] = ()
    key_id: str | None = None
    expires_at: str | None = None

    @classmethod
    def parse(cls, raw: Raw) -> Me:
        return known(cls, raw, scopes=tuple(raw["scopes"]))


@dataclass(frozen=True, slots=True)
class Project:
    project: str
    created_at: str | None = None

    @classmethod
    def parse(cls, raw: Raw) -> Project:
        return known(cls, raw)


@dataclass(frozen=True, slots=True)
class Quotas:
    """What a tenant may hold (`bytes` are of originals), and how many files a session may have; None is no limit."""

    assets: int | None = None
    bytes: int | None = None
    files_per_session: int | None = None

    @classmethod
    def parse(cls, raw: Raw) -> Quotas:
        return known(cls, raw)


@dataclass(frozen=True, slots=True)
class Tenant:
    tenant_id: str
    tenant_name: str = ""
    quotas: Quotas = Quotas()

    @classmethod
    def parse(cls, raw: Raw) -> Tenant:
        return known(cls, raw, quotas=Quotas.parse(raw.get("quotas") or {}))


@dataclass(frozen=True, slots=True)
class Metrics:
    """What a tenant has in storage, and may have. The total is of assets and renditions, without what awaits purge."""

    tenant_id: str
    tenant_name: str
    asset_count: int
    rendition_count: int
    asset_bytes: int
    rendition_bytes: int
    total_bytes: int
    awaiting_purge_bytes: int
    quotas: Quotas = Quotas()

    @classmethod
    def parse(cls, raw: Raw) -> Metrics:
        return known(cls, raw, quotas=Quotas.parse(raw.get("quotas") or {}))

    @classmethod
    def of_tenant(cls, raw: Raw) -> Metrics:
        """Of a tenant that comes with its usage."""
        return cls.parse({**raw, **raw["usage"]})


@dataclass(frozen=True, slots=True)
class Key:
    """An API key. `key`, the secret text, is told once: when it is made."""

    key_id: str
    tenant_id: str = ""
    label: str = ""
    scopes: tuple[str, ...] = ()
    created_at: str | None = None
    expires_at: str | None = None
    revoked_at: str | None = None
    key: str | None = None

    @classmethod
    def parse(cls, raw: Raw) -> Key:
        return known(cls, raw, scopes=tuple(raw["scopes"]))
