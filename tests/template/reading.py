"""What the template says, brought into a form that tests can compare."""

from __future__ import annotations

import importlib
from types import ModuleType
from typing import Any

from tests.cloud import resources, template

Properties = dict[str, Any]

SCALES: list[str] = list(template()["Mappings"]["Scale"])


def functions() -> dict[str, Properties]:
    """Logical name → what the function says itself."""
    return {name: found["Properties"] for name, found in resources("AWS::Serverless::Function").items()}


def common() -> Properties:
    found: Properties = template()["Globals"]["Function"]
    return found


def folder(function: str) -> str:
    return str(functions()[function]["CodeUri"]).removeprefix("functions/")


def module(function: str) -> ModuleType:
    return importlib.reload(importlib.import_module(f"functions.{folder(function)}.handler"))


def events(kind: str) -> dict[str, tuple[str, Properties]]:
    """`Function.Event` → its function and what the event says, for all events of a kind."""
    return {
        f"{function}.{name}": (function, event["Properties"])
        for function, properties in functions().items()
        for name, event in properties.get("Events", {}).items()
        if event["Type"] == kind
    }


def own_variables(function: str) -> set[str]:
    return set(functions()[function].get("Environment", {}).get("Variables", {}))


def common_variables() -> set[str]:
    return set(common()["Environment"]["Variables"])


def at_scale(value: Any, scale: str) -> Any:
    """The value itself, or what the mapping says for this scale."""
    if isinstance(value, dict) and "Fn::FindInMap" in value:
        return template()["Mappings"]["Scale"][scale][value["Fn::FindInMap"][2]]
    return value


def referred(value: Any) -> str:
    """The resource that a !Ref or !GetAtt names."""
    return str(value["Ref"] if "Ref" in value else value["Fn::GetAtt"][0])


def is_bare_ref(value: Any) -> bool:
    return isinstance(value, dict) and set(value) == {"Ref"}


def is_dead_letter_queue(value: Any) -> bool:
    """Whether what is referred to is where another queue, or a stream, puts what it gave up."""
    redrives = [found["Properties"].get("RedrivePolicy") for found in resources("AWS::SQS::Queue").values()]
    failures = [mapping["DestinationConfig"]["OnFailure"]["Destination"] for _, mapping in events("DynamoDB").values()]
    targets = [redrive["deadLetterTargetArn"] for redrive in redrives if redrive] + failures
    return referred(value) in map(referred, targets)


def statements(function: str) -> list[Properties]:
    return [
        chosen(statement)
        for policy in functions()[function].get("Policies", [])
        for statement in policy.get("Statement", [])
    ]


def chosen(value: Any) -> Any:
    """What an !If gives when its condition holds, or the value itself."""
    return value["Fn::If"][1] if isinstance(value, dict) and "Fn::If" in value else value


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def matches(pattern: Any, value: Any) -> bool:
    """Whether an event passes a filter pattern, as far as we use the language: exact values, nested."""
    if isinstance(pattern, list):
        return value in pattern
    return isinstance(value, dict) and all(matches(inner, value.get(name)) for name, inner in pattern.items())


def texts(value: Any) -> list[str]:
    """Every text in a part of the template, names included."""
    if isinstance(value, dict):
        return [text for name, inner in value.items() for text in (str(name), *texts(inner))]
    if isinstance(value, list):
        return [text for inner in value for text in texts(inner)]
    return [str(value)]
