"""What a cold start imports, beside a bare DynamoDB client: `python -m benchmarks.cold_start`.

Each line is the median of fresh processes, one after the other in turns, with everything compiled. Fails when a
function takes more than its budget.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

from tests.cloud import template

ROUNDS = 9
BARE = "import boto3; boto3.client('dynamodb')"
BUDGETS = {"api": 1.5, "admin": 1.5, "validate": 1.8, "renditions": 1.8, "quality": 1.8}


def main() -> None:
    environment = {**os.environ, "AWS_DEFAULT_REGION": "us-east-1", **_settings()}
    programs = {"a bare client": BARE, **{name: f"import functions.{name}.handler" for name in BUDGETS}}
    times: dict[str, list[float]] = {name: [] for name in programs}
    for program in programs.values():
        _run(program, environment)  # compiles
    for _ in range(ROUNDS):
        for name, program in programs.items():
            times[name].append(_run(program, environment))
    bare = statistics.median(times.pop("a bare client"))
    print(f"a bare DynamoDB client: {1000 * bare:.0f} ms")
    ratios = {name: statistics.median(found) / bare for name, found in times.items()}
    for name, ratio in ratios.items():
        print(f"  {name:<11}{ratio:5.2f} times that, of at most {BUDGETS[name]}")
    sys.exit(any(ratio > BUDGETS[name] for name, ratio in ratios.items()))


def _run(program: str, environment: dict[str, str]) -> float:
    began = time.perf_counter()
    subprocess.run([sys.executable, "-c", program], check=True, env=environment, cwd=Path.cwd())
    return time.perf_counter() - began


def _settings() -> dict[str, str]:
    """Every variable of the template's functions, as some number or URL."""
    found = template()["Globals"]["Function"]["Environment"]["Variables"].copy()
    for resource in template()["Resources"].values():
        if resource["Type"] == "AWS::Serverless::Function":
            found |= resource["Properties"].get("Environment", {}).get("Variables", {})
    queue = "https://sqs.us-east-1.amazonaws.com/1/q"
    values = {name: queue if name.endswith("_URL") else "1000" for name in found}
    return {**values, "POWERTOOLS_LOG_LEVEL": "INFO"}


if __name__ == "__main__":
    main()
