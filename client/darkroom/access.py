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
class Tenant:
    tenant_id: str
    tenant_name: str = ""

    @classmethod
    def parse(cls, raw: Raw) -> Tenant:
        return known(cls, raw)


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
