import os
from pathlib import Path

import pytest

from tools.emulator import Emulator, is_healthy, is_running, local_environment, start_emulator, stop_emulator


def test_a_persons_aws_account_is_out_of_reach(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "production")
    monkeypatch.setenv("AWS_SESSION_TOKEN", "real")

    environment = local_environment("http://127.0.0.1:1")

    assert "AWS_PROFILE" not in environment
    assert "AWS_SESSION_TOKEN" not in environment
    assert environment["AWS_ACCESS_KEY_ID"] == "test"
    assert environment["AWS_CONFIG_FILE"] == environment["AWS_SHARED_CREDENTIALS_FILE"] == os.devnull


def test_a_stranger_with_the_pid_is_left_alone(tmp_path: Path) -> None:
    stranger = Emulator(os.getpid(), 1, tmp_path)

    assert not is_running(stranger)
    stop_emulator(stranger)


def test_emulator_runs_until_it_is_stopped_and_keeps_to_its_folder(tmp_path: Path) -> None:
    emulator = start_emulator(tmp_path, persistent=False)

    assert is_healthy(emulator)
    assert is_running(emulator)

    stop_emulator(emulator)

    assert not is_healthy(emulator)
    assert not is_running(emulator)
    assert [path.name for path in tmp_path.iterdir()] == ["emulator.log"]
