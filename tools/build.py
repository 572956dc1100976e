"""Build the stack's layers for one environment of samconfig.toml and hold them to their size budget."""

import argparse
import contextlib
import fcntl
import hashlib
import os
import platform
import shlex
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SAM = str(Path(sys.executable).with_name("sam"))
LAYERS = ("BaseLayer", "ImagingLayer", "SharedLayer", "ConsoleLayer")

# Half of Lambda's 262 MB: room for growth, and unzipped bytes are cold start.
MAX_LAYER_BYTES = 130_000_000

ARCHITECTURES = {"x86_64": "x86_64", "amd64": "x86_64", "arm64": "arm64", "aarch64": "arm64"}


class BuildError(Exception):
    """The build cannot go on; the message says what to do."""


@dataclass(frozen=True)
class Target:
    """What an environment is built for."""

    stack: str
    overrides: dict[str, str]

    @property
    def is_native(self) -> bool:
        """Local layers run on this machine's own Python, so pip needs no platform options."""
        return self.stack == "local"

    @property
    def folder(self) -> Path:
        """Where sam keeps this environment's build and cache."""
        return ROOT / ".aws-sam" / self.stack

    @property
    def template(self) -> Path:
        """The built template."""
        return self.folder / "build" / "template.yaml"

    @property
    def override_options(self) -> list[str]:
        """The parameters as sam takes them."""
        return ["--parameter-overrides", *(f"{name}={value}" for name, value in sorted(self.overrides.items()))]


def target_of(stack: str) -> Target:
    """Read an environment; the local one gets the platform of this machine."""
    environments = tomllib.loads((ROOT / "samconfig.toml").read_text())
    if stack not in environments:
        raise BuildError(f"samconfig.toml has no environment named {stack!r}")
    overrides = dict(pair.split("=", 1) for pair in environments[stack]["deploy"]["parameters"]["parameter_overrides"])
    if stack == "local":
        overrides["Runtime"] = f"python3.{sys.version_info.minor}"
        overrides["Architecture"] = ARCHITECTURES[platform.machine().lower()]
    return Target(stack, overrides)


def compiler_of(runtime: str) -> str:
    """The interpreter of the target's own minor version: .pyc of another one would be ignored."""
    if runtime == f"python3.{sys.version_info.minor}":
        return sys.executable
    for folder in os.get_exec_path():
        candidate = Path(folder) / runtime
        if os.access(candidate, os.X_OK) and _answers(candidate, runtime):
            return str(candidate)
    raise BuildError(
        f"{runtime} is not on PATH: install it, for the layers' .pyc must come from the version that runs them"
    )


def _answers(candidate: Path, runtime: str) -> bool:
    answer = subprocess.run([candidate, "--version"], capture_output=True, text=True, check=False)
    return answer.stdout.startswith(runtime.replace("python", "Python ") + ".")


@contextlib.contextmanager
def sole_builder() -> Iterator[None]:
    """Builds share one folder: whoever builds, and deploys what was built, does so alone."""
    folder = ROOT / ".aws-sam"
    folder.mkdir(exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def build(stack: str, quiet: bool = False) -> Target:
    """Run `sam build`; layers whose sources did not change come from sam's cache."""
    target = target_of(stack)
    tool = [sys.executable, str(ROOT / "tools" / "layer.py"), "--runtime", target.overrides["Runtime"]]
    tool += ["--architecture", target.overrides["Architecture"], "--compiler", compiler_of(target.overrides["Runtime"])]
    tool += ["--native"] if target.is_native else []
    _forget_layers_built_differently(target, tool)

    command = [SAM, "build", "--cached", "--parallel", "--config-env", stack]
    command += ["--build-dir", str(target.folder / "build"), "--cache-dir", str(target.folder / "cache")]
    command += target.override_options
    environment = {**os.environ, "BUILD_LAYER": shlex.join(tool), "SAM_CLI_TELEMETRY": "0"}
    result = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    if result.returncode != 0:
        raise BuildError(f"sam build failed:\n{result.stdout}{result.stderr}")
    _check_sizes(target, quiet)
    return target


def _forget_layers_built_differently(target: Target, tool: list[str]) -> None:
    """Sam's cache knows a layer's folder only, not how or for what it was built."""
    recipe = hashlib.sha256(shlex.join(tool).encode() + (ROOT / "tools" / "layer.py").read_bytes()).hexdigest()
    stamp = target.folder / "recipe"
    if stamp.is_file() and stamp.read_text() == recipe:
        return
    shutil.rmtree(target.folder, ignore_errors=True)
    target.folder.mkdir(parents=True)
    stamp.write_text(recipe)


def layer_sizes(target: Target) -> dict[str, int]:
    """Unzipped bytes of each built layer."""
    folders = {layer: target.folder / "build" / layer for layer in LAYERS}
    return {layer: sum(p.stat().st_size for p in path.rglob("*") if p.is_file()) for layer, path in folders.items()}


def _check_sizes(target: Target, quiet: bool) -> None:
    sizes = layer_sizes(target)
    total = sum(sizes.values())
    figures = " · ".join(f"{layer} {size / 1e6:.1f} MB" for layer, size in sizes.items())
    if not quiet:
        runtime, architecture = target.overrides["Runtime"], target.overrides["Architecture"]
        print(f"Layers for {runtime} on {architecture}: {figures}; together {total / 1e6:.1f} MB unzipped")
    if total > MAX_LAYER_BYTES:
        raise BuildError(f"the layers exceed their budget of {MAX_LAYER_BYTES / 1e6:.0f} MB: {figures}")


def main(argv: list[str] | None = None) -> None:
    """Entry point of `python -m tools.build`."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("stack", nargs="?", default="local", help="an environment of samconfig.toml (default: local)")
    try:
        build(parser.parse_args(argv).stack)
    except BuildError as error:
        sys.exit(f"make build: {error}")


if __name__ == "__main__":
    main()
