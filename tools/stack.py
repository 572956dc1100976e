"""The whole stack on this machine: `up` starts it and keeps its data, `down` stops it; tests borrow a throwaway one."""

import argparse
import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from types import FrameType
from typing import Any

import boto3
from botocore.exceptions import ClientError

from tools.build import ROOT, SAM, BuildError, Target, build, sole_builder
from tools.emulator import (
    HOST,
    REGION,
    Emulator,
    EmulatorError,
    is_healthy,
    is_running,
    last_lines,
    local_environment,
    start_emulator,
    stop_emulator,
)

LOCAL = ROOT / ".local"
STACK_FILE = LOCAL / "stack.json"
# Where `down` puts it: a stack.json means a running stack, but the keys belong to data that stays.
STOPPED_FILE = LOCAL / "stopped.json"
# The emulator's customary port, so that URLs are the same on most machines.
PORT = 4566
STACK_NAME = "darkroom"
TENANT = "demo"

# https://{api id}.execute-api.{region}.amazonaws.com/{stage}, and the same with wss
_API_URL = re.compile(r"(http|ws)s://([^./]+)\.execute-api\.[^/]+/(.*)")


# By pid, the emulators that this process started again: it must wait for them, as their parent.
_restarted: dict[int, Emulator] = {}


class DeployError(Exception):
    """The template could not be deployed; the message carries what the deployment said."""


@dataclass(frozen=True)
class Stack:
    """A deployed stack and how to reach it: the content of stack.json."""

    api_url: str
    websocket_url: str | None
    aws_endpoint: str
    region: str
    stack_name: str
    admin_key: str
    tenant: str
    tenant_key: str
    pid: int
    port: int
    folder: str
    outputs: dict[str, str]

    @property
    def emulator(self) -> Emulator:
        """The emulator it runs in."""
        return _restarted.get(self.pid) or Emulator(self.pid, self.port, Path(self.folder))

    @property
    def file(self) -> Path:
        """The stack.json of a throwaway stack; that of `make up` is STACK_FILE."""
        return Path(self.folder) / "stack.json"

    def write(self, path: Path) -> None:
        """Write it for its owner's eyes only: it holds keys."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            json.dump(asdict(self), file, indent=2)


def read_stack(path: Path | None = None) -> Stack | None:
    """The stack that a file (by default that of `make up`) describes, or None when there is none."""
    path = path or STACK_FILE
    return Stack(**json.loads(path.read_text())) if path.is_file() else None


def running_stack() -> Stack | None:
    """The stack of `make up`, when it is there and answers."""
    stack = read_stack()
    return stack if stack and is_running(stack.emulator) and is_healthy(stack.emulator) else None


def deploy(emulator: Emulator, parameters: Mapping[str, str] | None = None) -> dict[str, str]:
    """Build what changed, deploy the template, and return its outputs."""
    with sole_builder():
        target = build("local", quiet=True)
        target = replace(target, overrides=target.overrides | dict(parameters or {}))
        result = _sam_deploy(target, emulator)
    if result.returncode != 0:
        dead = "" if is_running(emulator) else f"\nThe emulator died; its log ends with\n{last_lines(emulator.log)}"
        raise DeployError(f"sam deploy failed:\n{result.stdout}{result.stderr}{dead}")
    return describe(emulator)


def _sam_deploy(target: Target, emulator: Emulator) -> subprocess.CompletedProcess[str]:
    command = [SAM, "deploy", "--config-file", str(ROOT / "samconfig.toml"), "--config-env", "local"]
    command += ["--template-file", str(target.template), "--stack-name", STACK_NAME, "--region", REGION]
    command += ["--no-fail-on-empty-changeset", "--no-progressbar", *target.override_options]
    environment = local_environment(emulator.endpoint_url) | {
        "SAM_CLI_TELEMETRY": "0",
        "SAM_CLI_POLL_DELAY": "0.2",
        "__SAM_CLI_APP_DIR": str(target.folder / "sam"),
        "TMPDIR": str(emulator.folder / "tmp"),
    }
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)


def describe(emulator: Emulator) -> dict[str, str]:
    """The deployed stack's outputs, with API URLs as the emulator serves them; empty when nothing is deployed."""
    with aws_of(emulator.endpoint_url):
        cloudformation = boto3.client("cloudformation", endpoint_url=emulator.endpoint_url)
        try:
            stack = cloudformation.describe_stacks(StackName=STACK_NAME)["Stacks"][0]
        except ClientError:
            return {}
    return {row["OutputKey"]: local_url(row["OutputValue"], emulator.port) for row in stack.get("Outputs", [])}


def local_url(value: str, port: int) -> str:
    """Turn the URL of an API on AWS into that of the same API on the emulator; leave any other text alone."""
    return _API_URL.sub(rf"\1://{HOST}:{port}/_aws/execute-api/\2/\3", value)


@contextlib.contextmanager
def aws_of(endpoint_url: str) -> Iterator[None]:
    """Point this process's own AWS clients at the emulator for a while, and at nothing else."""
    before = dict(os.environ)
    os.environ.clear()
    os.environ.update(local_environment(endpoint_url))
    boto3.DEFAULT_SESSION = None
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
        boto3.DEFAULT_SESSION = None


def _stack_in(emulator: Emulator, outputs: dict[str, str], keys: Mapping[str, str]) -> Stack:
    return Stack(
        api_url=outputs["ApiUrl"],
        websocket_url=outputs.get("WebSocketUrl"),
        aws_endpoint=emulator.endpoint_url,
        region=REGION,
        stack_name=STACK_NAME,
        admin_key=keys["admin_key"],
        tenant=keys["tenant"],
        tenant_key=keys["tenant_key"],
        pid=emulator.pid,
        port=emulator.port,
        folder=str(emulator.folder),
        outputs=outputs,
    )


def _first_keys(emulator: Emulator) -> Mapping[str, str]:
    from tools.bootstrap import bootstrap  # noqa: PLC0415 - it imports `shared`, which `down` and `status` do without

    with aws_of(emulator.endpoint_url):
        return bootstrap(STACK_NAME, emulator.endpoint_url, REGION, TENANT)


def up(say: Callable[[str], None] = print) -> Stack:
    """Start the emulator if needed, deploy what changed, keep data and keys."""
    known = read_stack() or read_stack(STOPPED_FILE)
    running = running_stack()
    if running:
        emulator = running.emulator
    else:
        if known:
            stop_emulator(known.emulator)
        say("Starting the AWS emulator")
        emulator = start_emulator(LOCAL, persistent=True, preferred_port=known.port if known else PORT)
    was_deployed = bool(describe(emulator))
    try:
        say("Building and deploying the stack")
        outputs = deploy(emulator)
        keys = asdict(known) if known and was_deployed else _first_keys(emulator)
    except BaseException:
        if not running:
            stop_emulator(emulator)
        if not was_deployed:
            _forget_state()
        raise
    stack = _stack_in(emulator, outputs, keys)
    stack.write(STACK_FILE)
    STOPPED_FILE.unlink(missing_ok=True)
    return stack


def _forget_state() -> None:
    """A stack that failed at its first deployment cannot be updated, so the next `up` must not find it."""
    for name in ("state", "s3"):
        shutil.rmtree(LOCAL / name, ignore_errors=True)


def down() -> bool:
    """Stop the emulator in order, so that `up` finds its data again; False when it was not running."""
    stack = read_stack()
    if not stack:
        return False
    was_running = is_running(stack.emulator)
    stop_emulator(stack.emulator)
    stack.write(STOPPED_FILE)
    STACK_FILE.unlink()
    return was_running


def restart(stack: Stack) -> Stack:
    """Stop a throwaway stack's emulator in order and start it again on its port, with what it kept."""
    log = stack.emulator.log
    stop_emulator(stack.emulator)
    log.rename(log.with_name(f"emulator.{stack.pid}.log"))
    emulator = start_emulator(Path(stack.folder), persistent=True, preferred_port=stack.port)
    _restarted[emulator.pid] = emulator
    restarted = replace(stack, pid=emulator.pid)
    restarted.write(restarted.file)
    if emulator.port != stack.port:
        raise EmulatorError(f"port {stack.port} was taken while the emulator was down")
    return restarted


@contextlib.contextmanager
def throwaway_stack(
    parameters: Mapping[str, str] | None = None,
    say: Callable[[str], None] = lambda _: None,
    *,
    persistent: bool = False,
    enforces_iam: bool = False,
) -> Iterator[Stack]:
    """A stack of its own in a temporary folder; nothing of it is left, whatever ends the block.

    Only a `persistent` one can be restarted. With `enforces_iam` every call needs its permission.
    """
    with _sigterm_raises():
        folder = Path(tempfile.mkdtemp(prefix="darkroom-"))
        emulator = None
        try:
            say("Starting the AWS emulator")
            emulator = start_emulator(folder, persistent=persistent, enforces_iam=enforces_iam)
            say("Building and deploying the stack")
            stack = _stack_in(emulator, deploy(emulator, parameters), _first_keys(emulator))
            stack.write(stack.file)
            yield stack
        except Exception as error:
            _keep_log(folder)
            present = read_stack(folder / "stack.json")
            last = present.emulator if present else emulator
            if last and not is_running(last):
                raise EmulatorError(f"the emulator died; its log ends with\n{last_lines(last.log)}") from error
            raise
        finally:
            present = read_stack(folder / "stack.json")
            for started in (emulator, present.emulator if present else None):
                if started:
                    stop_emulator(started)
            shutil.rmtree(folder, ignore_errors=True)


def _keep_log(folder: Path) -> None:
    """A failed run's log outlives its folder."""
    log = folder / "emulator.log"
    if log.is_file():
        LOCAL.mkdir(exist_ok=True)
        shutil.copyfile(log, LOCAL / "failed.log")


@contextlib.contextmanager
def _sigterm_raises() -> Iterator[None]:
    """Let SIGTERM unwind like Ctrl-C does, so that clean-up runs."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def leave(signum: int, _frame: FrameType | None) -> None:
        sys.exit(128 + signum)

    before: Any = {signum: signal.signal(signum, leave) for signum in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for signum, handler in before.items():
            signal.signal(signum, handler)


def _print_status(stack: Stack) -> None:
    print(f"""Darkroom runs on this machine.
  console   {stack.api_url}/console
  API       {stack.api_url}
  tenant    {stack.tenant}
  keys      {STACK_FILE.relative_to(ROOT)}  (tenant_key, admin_key)
  AWS       {stack.aws_endpoint}  (emulator; log in {(LOCAL / "emulator.log").relative_to(ROOT)})
  stop      make down  (data stays; make up brings it back)""")


def status() -> int:
    """Print where the stack is; 1 when there is none or it does not answer."""
    running = running_stack()
    if running:
        _print_status(running)
        return 0
    stack = read_stack()
    if stack:
        print(f"The emulator is gone; its log ends with\n{last_lines(stack.emulator.log)}\n")
    print("Darkroom does not run on this machine. Start it with: make up")
    return 1


def main(argv: list[str] | None = None) -> int:
    """Entry point of `python -m tools.stack`."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("action", choices=["up", "down", "status"])
    action = parser.parse_args(argv).action
    if action == "status":
        return status()
    if action == "down":
        print("Stopped; the data stays in .local" if down() else "Nothing was running")
        return 0
    try:
        with _sigterm_raises():
            _print_status(up())
    except (BuildError, DeployError, EmulatorError) as error:
        print(f"make up: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
