"""Send the recorded events of one function (events/<name>*.json) to the running stack and print the answers."""

import argparse
import json
import re
import sys
from pathlib import Path

import boto3
from botocore.exceptions import ClientError

from tools.build import ROOT
from tools.stack import Stack, aws_of, running_stack

RECORDED_QUEUE = re.compile(r"(:sqs:[\w-]*:\d+:)darkroom-(\w+)-EXAMPLE")


def recorded_events(name: str = "") -> list[Path]:
    """The files recorded for a function, or for all. env.json is none: it is the environment for `sam local`."""
    return sorted(path for path in (ROOT / "events").glob(f"{name}*.json") if path.stem != "env")


def logical_id(name: str) -> str:
    """The template's name for a function folder: dead_letters → DeadLettersFunction."""
    return "".join(word.capitalize() for word in name.split("_")) + "Function"


def invoke(stack: Stack, name: str, event: Path) -> str:
    """Invoke the function with one event, and return its answer, or its error, as text.

    A function that reads several queues goes by the queue's name, so the event gets the name that it has here.
    """
    with aws_of(stack.aws_endpoint):
        cloudformation, functions = boto3.client("cloudformation"), boto3.client("lambda")

        def physical(logical: str) -> str:
            resource = cloudformation.describe_stack_resource(StackName=stack.stack_name, LogicalResourceId=logical)
            return str(resource["StackResourceDetail"]["PhysicalResourceId"])

        def here(found: re.Match[str]) -> str:
            return found[1] + physical(found[2]).rsplit("/", 1)[-1]

        payload = RECORDED_QUEUE.sub(here, event.read_text())
        answer = functions.invoke(FunctionName=physical(logical_id(name)), Payload=payload.encode())
        return json.dumps(json.loads(answer["Payload"].read()), indent=2)


def main(argv: list[str] | None = None) -> int:
    """Entry point of `python -m tools.invoke`."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("name", help="a folder of functions/")
    name = parser.parse_args(argv).name
    events = recorded_events(name) if name else []
    if not events:
        recorded = ", ".join(path.stem for path in recorded_events())
        print(f"No events/{name}*.json. Choose with: make invoke F=name. Recorded: {recorded}", file=sys.stderr)
        return 1
    stack = running_stack()
    if not stack:
        print("Darkroom does not run on this machine. Start it with: make up", file=sys.stderr)
        return 1
    for event in events:
        print(f"── {event.relative_to(ROOT)}")
        try:
            print(invoke(stack, name, event))
        except ClientError as error:
            print(f"make invoke: {error}", file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
