from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest

from darkroom import Client, UploadReport, upload_files
from tools.demo_photos import write_demo_photos
from tools.stack import Stack, aws_of, throwaway_stack

Aws = Callable[[str], Any]
TOLD = {"NotificationEmail": "team@example.com"}


@dataclass(frozen=True)
class Demo:
    """The demo's set of files after its way through the pipeline."""

    folder: Path
    report: UploadReport


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.e2e)


@pytest.fixture(scope="session")
def stack() -> Iterator[Stack]:
    """The unmodified template, built and deployed to an emulator of its own."""
    with throwaway_stack(TOLD) as running:
        yield running


@pytest.fixture
def client(stack: Stack) -> Iterator[Client]:
    with Client(stack.api_url, stack.tenant_key) as found:
        yield found


@pytest.fixture
def aws(stack: Stack) -> Iterator[Aws]:
    """boto3 clients of the emulator, by service."""
    with aws_of(stack.aws_endpoint):
        yield boto3.client


@pytest.fixture(scope="session")
def demo(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Demo:
    folder = tmp_path_factory.mktemp("photos")
    paths = write_demo_photos(folder)
    with Client(stack.api_url, stack.tenant_key) as client:
        return Demo(folder, upload_files(client, paths, "demo"))
