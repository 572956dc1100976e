"""What a cold start imports, beside a bare DynamoDB client: `python -m benchmarks.cold_start`.

Each line is the median processor time of fresh processes, one after the other in turns, with everything compiled.
Fails when a function takes more than its budget.
"""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import sys
from pathlib import Path

from tests.cloud import template

ROUNDS = 9
BARE = "import boto3; boto3.client('dynamodb')"
PARTS = {"pydantic": "from pydantic import BaseModel", "numpy": "import numpy"}
BUDGETS = {"api": 1.5, "admin": 1.5, "validate": 1.8, "renditions": 1.8, "quality": 1.8}


def main() -> None:
    environment = {**os.environ, "AWS_DEFAULT_REGION": "us-east-1", **_settings()}
    programs = {"a bare client": BARE, **PARTS, **{name: f"import functions.{name}.handler" for name in BUDGETS}}
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
        print(f"  {name:<11}{ratio:5.2f} times that, {f'of at most {BUDGETS[name]}' if name in BUDGETS else 'alone'}")
    sys.exit(any(ratios[name] > budget for name, budget in BUDGETS.items()))


def _run(program: str, environment: dict[str, str]) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, "-c", program], check=True, env=environment, cwd=Path.cwd())
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def _settings() -> dict[str, str]:
    """Every variable of the template's functions, as some number or URL."""
    found = template()["Globals"]["Function"]["Environment"]["Variables"].copy()
    for declared in template()["Resources"].values():
        if declared["Type"] == "AWS::Serverless::Function":
            found |= declared["Properties"].get("Environment", {}).get("Variables", {})
    queue = "https://sqs.us-east-1.amazonaws.com/1/q"
    values = {name: queue if name.endswith("_URL") else "1000" for name in found}
    return {**values, "POWERTOOLS_LOG_LEVEL": "INFO"}


if __name__ == "__main__":
    main()
