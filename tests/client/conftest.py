from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from darkroom import Client, RetryPolicy, cli
from tests.client.fake_api import KEY, FakeApi, serve


class Said(NamedTuple):
    status: int
    out: str
    err: str


Run = Callable[..., Said]


@pytest.fixture
def api() -> Iterator[FakeApi]:
    fake = FakeApi()
    server = serve(fake)
    yield fake
    server.shutdown()
    server.server_close()


@pytest.fixture
def client(api: FakeApi) -> Iterator[Client]:
    with Client(api.url, KEY, retries=RetryPolicy(attempts=3, base_s=0.001)) as client:
        yield client


@pytest.fixture
def photos(tmp_path: Path) -> Callable[..., Path]:
    """Writes files of different content under a folder, and gives the folder."""

    def write(*names: str, size: int = 1_000) -> Path:
        folder = tmp_path / "photos"
        for name in names:
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes((name + "\n").encode().ljust(size, b"."))
        return folder

    return write


@pytest.fixture
def run(api: FakeApi, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs the command against the API on loopback."""
    environment = {"HOME": str(tmp_path), "DARKROOM_URL": api.url, "DARKROOM_KEY": KEY, "COLUMNS": "140"}
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)

    def main(*arguments: str) -> Said:
        monkeypatch.setattr(sys, "argv", ["darkroom", *arguments])
        with pytest.raises(SystemExit) as exited:
            cli.main()
        captured = capsys.readouterr()
        return Said(int(exited.value.code or 0), captured.out, captured.err)

    return main
