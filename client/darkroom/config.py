"""Where the API is and with which key: flags, named profile, environment, default profile, local stack."""

from __future__ import annotations

import json
import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from darkroom.errors import ConfigError

LOCAL_STACK = Path(".local/stack.json")
HOW_TO = (
    "Give --url and --key, set DARKROOM_URL and DARKROOM_KEY, write them to ~/.config/darkroom/config.toml "
    'as url and key under [default], or start a local stack here ("make up").'
)


@dataclass(frozen=True, slots=True)
class Connection:
    """The API up to and including `/api`, and a key, which never shows."""

    url: str
    key: str = field(repr=False)


def find_connection(
    *, url: str | None = None, key: str | None = None, profile: str | None = None, environment: Mapping[str, str]
) -> Connection:
    """The first address and the first key in the order of this module's first line. Raises ConfigError.

    The local stack counts only as a pair: a folder that someone else wrote must not receive a key of yours.
    """
    named = _profile(profile) if profile else {}
    rest = _profile("default", must_exist=False)
    found_url = url or named.get("url") or environment.get("DARKROOM_URL") or rest.get("url")
    found_key = key or named.get("key") or environment.get("DARKROOM_KEY") or rest.get("key")
    if found_url and found_key:
        return Connection(found_url.strip(), found_key.strip())
    if not found_url and not found_key and LOCAL_STACK.exists():
        return read_stack(LOCAL_STACK)
    missing = " and no ".join(word for word, value in (("API address", found_url), ("API key", found_key)) if not value)
    raise ConfigError(f"There is no {missing}. {HOW_TO}")


def read_stack(path: Path) -> Connection:
    """The connection of a running stack's description. Raises ConfigError."""
    try:
        raw = json.loads(path.read_text())
        return Connection(raw["api_url"], raw["tenant_key"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ConfigError(f"{path} does not describe a running stack (api_url, tenant_key).") from error


def find_state_dir(flag: Path | None, environment: Mapping[str, str]) -> Path:
    """Where the journals of interrupted uploads are kept."""
    if flag:
        return flag
    if named := environment.get("DARKROOM_STATE_DIR"):
        return Path(named)
    return Path.home() / ".local" / "state" / "darkroom"


def read_environment() -> Mapping[str, str]:
    """The process's environment; nothing else here reads it."""
    return os.environ


def _profile(name: str, *, must_exist: bool = True) -> dict[str, Any]:
    path = Path.home() / ".config" / "darkroom" / "config.toml"
    try:
        profiles = tomllib.loads(path.read_text()) if path.exists() else {}
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(f"{path} cannot be read: {error}") from error
    profile = profiles.get(name)
    if isinstance(profile, dict):
        return profile
    if must_exist:
        raise ConfigError(f"{path} has no profile [{name}].")
    return {}
