from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from darkroom import Client, RetryPolicy
from tests.client.fake_api import KEY, FakeApi, serve

Draw = Callable[..., Path]


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
