import json
from pathlib import Path

import pytest

from tools import stack as stack_module
from tools.invoke import logical_id
from tools.stack import Stack, local_url, read_stack, status


@pytest.fixture
def stack(tmp_path: Path) -> Stack:
    return Stack(
        api_url="http://127.0.0.1:4566/_aws/execute-api/abc/api",
        websocket_url=None,
        aws_endpoint="http://127.0.0.1:4566",
        region="us-east-1",
        stack_name="darkroom",
        admin_key="dk_admin",
        tenant="demo",
        tenant_key="dk_tenant",
        pid=1,
        port=4566,
        folder=str(tmp_path),
        outputs={},
    )


@pytest.mark.parametrize(
    ("deployed", "served"),
    [
        ("https://abc.execute-api.us-east-1.amazonaws.com/api", "http://127.0.0.1:9/_aws/execute-api/abc/api"),
        ("wss://abc.execute-api.us-east-1.amazonaws.com/live", "ws://127.0.0.1:9/_aws/execute-api/abc/live"),
        ("darkroom-JobsTable-1", "darkroom-JobsTable-1"),
    ],
)
def test_api_urls_are_those_of_the_emulator(deployed: str, served: str) -> None:
    assert local_url(deployed, 9) == served


def test_stack_file_is_read_back_and_only_its_owner_may(stack: Stack) -> None:
    stack.file.write_text("{}")
    stack.file.chmod(0o644)

    stack.write(stack.file)

    assert read_stack(stack.file) == stack
    assert stack.file.stat().st_mode & 0o777 == 0o600
    assert json.loads(stack.file.read_text())["tenant_key"] == "dk_tenant"


def test_status_says_so_when_the_emulator_is_gone(
    stack: Stack, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    stack.write(stack.file)
    stack.emulator.log.write_text("out of memory\n")
    monkeypatch.setattr(stack_module, "STACK_FILE", stack.file)

    code = status()

    assert code == 1
    assert "out of memory" in capsys.readouterr().out


def test_function_folders_have_their_names_in_the_template() -> None:
    assert logical_id("dead_letters") == "DeadLettersFunction"
