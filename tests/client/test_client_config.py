"""Where the address and the key come from."""

import json
from pathlib import Path

import pytest

from darkroom import ConfigError
from darkroom.config import Connection, find_connection

CONFIG = """
[default]
url = "https://default/api"
key = "dk_default"

[staging]
url = "https://staging/api"
key = "dk_staging"
"""


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def configured(home: Path) -> None:
    folder = home / ".config" / "darkroom"
    folder.mkdir(parents=True)
    (folder / "config.toml").write_text(CONFIG)


@pytest.fixture
def stack(home: Path) -> None:
    (home / ".local").mkdir(exist_ok=True)
    (home / ".local" / "stack.json").write_text(json.dumps({"api_url": "http://here/api", "tenant_key": "dk_stack"}))


ENVIRONMENT = {"DARKROOM_URL": "https://env/api", "DARKROOM_KEY": "dk_env"}


def test_flags_come_before_all(configured: None) -> None:
    found = find_connection(url="https://flag/api", key="dk_flag", profile="staging", environment=ENVIRONMENT)

    assert found == Connection("https://flag/api", "dk_flag")


def test_named_profile_comes_before_the_environment(configured: None) -> None:
    assert find_connection(profile="staging", environment=ENVIRONMENT) == Connection(
        "https://staging/api", "dk_staging"
    )


def test_environment_comes_before_the_default_profile(configured: None) -> None:
    assert find_connection(environment=ENVIRONMENT) == Connection("https://env/api", "dk_env")


def test_default_profile_comes_before_the_local_stack(configured: None, stack: None) -> None:
    assert find_connection(environment={}) == Connection("https://default/api", "dk_default")


def test_local_stack_is_the_last_resort(stack: None) -> None:
    assert find_connection(environment={}) == Connection("http://here/api", "dk_stack")


def test_key_of_the_environment_is_never_sent_to_the_local_stack(stack: None) -> None:
    with pytest.raises(ConfigError, match="no API address"):
        find_connection(environment={"DARKROOM_KEY": "dk_env"})


def test_without_any_the_message_says_what_to_do() -> None:
    with pytest.raises(ConfigError, match=r"no API address and no API key.*DARKROOM_URL.*config\.toml"):
        find_connection(environment={})


def test_unknown_profile_is_named(configured: None) -> None:
    with pytest.raises(ConfigError, match=r"no profile \[nowhere\]"):
        find_connection(profile="nowhere", environment=ENVIRONMENT)


def test_key_does_not_show() -> None:
    assert "dk_env" not in repr(Connection("https://env/api", "dk_env"))
