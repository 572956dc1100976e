"""Run the checks, two at a time, and say at the end what held: `make check`, and with --all `make test`."""

import argparse
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path

from tools.build import ROOT, SAM
from tools.emulator import local_environment

BIN = Path(sys.executable).parent
PYTEST = [sys.executable, "-m", "pytest", "-q"]

# The longest first, so that the short ones run beside it.
QUICK = {
    "unit tests": [*PYTEST, "-n", "2", "-m", "not e2e and not proof and not browser"],
    "types": [str(BIN / "mypy")],
    "template": [SAM, "validate", "--lint", "--config-env", "local"],
    "imports": [str(BIN / "lint-imports"), "--no-cache"],
    "lint": [str(BIN / "ruff"), "check", "--quiet", "."],
    "format": [str(BIN / "ruff"), "format", "--check", "--quiet", "."],
}
# One after the other: each wants both cores.
SLOW = {
    "proofs": [*PYTEST, "-n", "2", "-m", "proof"],
    "whole stack": [*PYTEST, "-m", "e2e"],
    "browser": [sys.executable, "-m", "tools.browser"],
    "console": [*PYTEST, "-m", "browser"],
}
TESTS = ("unit tests", "proofs", "whole stack", "console")


@dataclass(frozen=True)
class Result:
    """How one check ended."""

    name: str
    is_good: bool
    seconds: float
    output: str

    @property
    def line(self) -> str:
        """One line of the summary; pytest's own last line says how many tests there were."""
        counts = self.output.strip().rsplit("\n", 1)[-1].strip("= ") if self.name in TESTS else ""
        return f"  {'ok    ' if self.is_good else 'FAILED'}  {self.name:<12} {self.seconds:6.1f} s  {counts}".rstrip()


def run(name: str, command: list[str]) -> Result:
    """Run one check on this checkout, away from the person's AWS account."""
    environment = local_environment() | {"SAM_CLI_TELEMETRY": "0", "__SAM_CLI_APP_DIR": str(ROOT / ".cache" / "sam")}
    started = time.monotonic()
    process = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    return Result(name, process.returncode == 0, time.monotonic() - started, process.stdout + process.stderr)


def run_all(checks: dict[str, list[str]], at_once: int = 2) -> list[Result]:
    """Run checks, so many at a time; print each as it ends, and the output of those that fail."""
    results = []
    with ThreadPoolExecutor(at_once) as pool:
        for future in as_completed([pool.submit(run, name, command) for name, command in checks.items()]):
            result = future.result()
            results.append(result)
            print(result.line if result.is_good else f"{result.output}\n{result.line}", flush=True)
    return results


def main(argv: list[str] | None = None) -> int:
    """Entry point of `python -m tools.check`."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--all", action="store_true", help="also the proofs and the tests on the emulator")
    options = parser.parse_args(argv)

    started = time.monotonic()
    results = run_all(QUICK)
    if options.all:
        print("Now the proofs, then the whole stack on the emulator", flush=True)
        results += run_all(SLOW, at_once=1)

    failed = [result for result in results if not result.is_good]
    print(f"\nSummary, {time.monotonic() - started:.0f} s")
    print("\n".join(result.line for result in results))
    print(f"{len(failed)} of {len(results)} checks FAILED" if failed else f"All {len(results)} checks hold")
    return 1 if failed else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
