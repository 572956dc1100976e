"""The AWS emulator as a process: started on a free loopback port, watched, stopped with all its workers."""

import contextlib
import http
import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

HOST = "127.0.0.1"
REGION = "us-east-1"
START_TIMEOUT_S = 180
# An orderly stop writes tables and objects to disk first.
STOP_TIMEOUT_S = 120


class EmulatorError(Exception):
    """The emulator did not start, or is gone; the message says where to look."""


@dataclass(frozen=True)
class Emulator:
    """A running emulator; its process is the leader of a group that holds all its workers."""

    pid: int
    port: int
    folder: Path
    process: subprocess.Popen[bytes] | None = field(default=None, compare=False, repr=False)

    @property
    def endpoint_url(self) -> str:
        """What AWS clients use instead of AWS."""
        return f"http://{HOST}:{self.port}"

    @property
    def log(self) -> Path:
        """Its output, and that of the functions' start-up."""
        return self.folder / "emulator.log"


def local_environment(endpoint_url: str | None = None) -> dict[str, str]:
    """The shell's environment with dummy credentials, and nothing of a person's real AWS account."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith("AWS_")}
    aws = {
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": REGION,
        "AWS_REGION": REGION,
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        "NO_PROXY": f"{HOST},localhost",
        "no_proxy": f"{HOST},localhost",
    }
    return kept | aws | ({"AWS_ENDPOINT_URL": endpoint_url} if endpoint_url else {})


def start_emulator(
    folder: Path, *, persistent: bool, preferred_port: int | None = None, enforces_iam: bool = False
) -> Emulator:
    """Start the emulator with everything it writes inside `folder`, and wait until it answers.

    With `enforces_iam` each function may do only what its role allows, as on AWS.
    """
    (folder / "tmp").mkdir(parents=True, exist_ok=True)
    if persistent:
        _rewind_streams(folder / "state" / "lambda.json")
    port = preferred_port if preferred_port and _is_free(preferred_port) else _free_port()
    with (folder / "emulator.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "ministack"],
            env=_environment(folder, port, persistent) | {"AUTH": str(enforces_iam).lower()},
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    emulator = Emulator(process.pid, port, folder, process)
    try:
        _settles(lambda: is_healthy(emulator) or process.poll() is not None, START_TIMEOUT_S)
        if not is_healthy(emulator):
            raise EmulatorError(f"the emulator did not start; {emulator.log} ends with\n{last_lines(emulator.log)}")
    except BaseException:
        stop_emulator(emulator)
        raise
    return emulator


def _rewind_streams(state_file: Path) -> None:
    """Let every mapping read its stream from the start again.

    The emulator keeps how far a DynamoDB stream was read, but not the stream: as many new records would go unread.
    """
    if not state_file.is_file():
        return
    state = json.loads(state_file.read_text())
    state["payload"].get("dynamodb_stream_positions", {})["data"] = {}
    state_file.write_text(json.dumps(state))


def _environment(folder: Path, port: int, persistent: bool) -> dict[str, str]:
    """Functions inherit this, so it is built from little: the shell's variables would leak into every handler."""
    kept = {key: os.environ[key] for key in ("PATH", "HOME", "LANG", "LC_ALL") if key in os.environ}
    settings = {
        "BIND_HOST": HOST,
        "GATEWAY_PORT": str(port),
        "TMPDIR": str(folder / "tmp"),
        "PYTHONUNBUFFERED": "1",
        # Both would open ports of their own.
        "IOT_MTLS_ENABLED": "0",
        "SFTP_ENABLED": "0",
    }
    # Some keys are written even when nothing is kept.
    kept_in = folder if persistent else folder / "tmp"
    state = {
        "PERSIST_STATE": str(int(persistent)),
        "STATE_DIR": str(kept_in / "state"),
        "S3_PERSIST": str(int(persistent)),
        "S3_DATA_DIR": str(kept_in / "s3"),
    }
    isolated = {key: value for key, value in local_environment().items() if key.startswith(("AWS_", "NO_", "no_"))}
    return kept | isolated | settings | state


def is_healthy(emulator: Emulator) -> bool:
    """Whether the emulator answers."""
    connection = http.client.HTTPConnection(HOST, emulator.port, timeout=5)
    try:
        connection.request("GET", "/_ministack/health")
        return connection.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def is_running(emulator: Emulator) -> bool:
    """Whether its process lives; a pid is used again, so a stranger's process does not count."""
    return emulator.pid in _members(emulator)


def stop_emulator(emulator: Emulator) -> None:
    """End it in order, so that it saves what it keeps, then whatever workers are left."""
    if is_running(emulator):
        _signal([emulator.pid], signal.SIGTERM)
        _settles(lambda: not is_running(emulator), STOP_TIMEOUT_S)
    for signum, patience_s in ((signal.SIGTERM, 2), (signal.SIGKILL, 10)):
        if _settles(lambda: not _members(emulator), 1):
            break
        _signal(_members(emulator), signum)
        _settles(lambda: not _members(emulator), patience_s)
    if emulator.process:
        emulator.process.wait()
    shutil.rmtree(emulator.folder / "tmp", ignore_errors=True)


def _members(emulator: Emulator) -> list[int]:
    """The living processes of its group that are an emulator or its workers (their scripts are named after it)."""
    ps = ["ps", "-A", "-o", "pid=,pgid=,stat=,command="]
    listing = subprocess.run(ps, capture_output=True, text=True, check=True).stdout
    rows = (line.split(None, 3) for line in listing.splitlines())
    ours = (row for row in rows if len(row) == 4 and row[1] == str(emulator.pid) and "ministack" in row[3])
    return [int(pid) for pid, _, state, _ in ours if not state.startswith("Z")]


def _signal(pids: list[int], signum: signal.Signals) -> None:
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signum)


def _settles(condition: Callable[[], bool], timeout_s: float) -> bool:
    deadline = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


def last_lines(log: Path, count: int = 15) -> str:
    """The end of a log, for messages."""
    return "\n".join(log.read_text(errors="replace").splitlines()[-count:]) if log.is_file() else ""
