"""Which errors a route's code can raise, read from the code: the calls it makes, as far as their types tell."""

from __future__ import annotations

import ast
import inspect
import textwrap
import types
import typing
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

from shared.errors import DarkroomError
from shared.rest import caller

Kinds = frozenset[type[DarkroomError]]
OURS = ("shared.", "functions.")
TELLING = frozenset({"isinstance", "issubclass"})


@dataclass(frozen=True)
class Instance:
    """Some value of a class."""

    kind: Any


@cache
def raised(function: Any) -> Kinds:
    """What a function lets out. Calls whose target cannot be told from types are passed over."""
    return _of(function, ())


def _of(function: Any, on_the_way: tuple[Any, ...]) -> Kinds:
    # What a key is refused for is the same for every route, and is added there.
    if function is caller or function in on_the_way or not function.__module__.startswith(OURS):
        return frozenset()
    return _Reader(function, (*on_the_way, function)).read()


def body_of(function: Any) -> ast.FunctionDef:
    """The syntax tree of a function, decorators included."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(function))).body[0]
    if not isinstance(tree, ast.FunctionDef):
        raise TypeError(f"{function} is not a plain function")
    return tree


class _Reader:
    """Reads one function."""

    def __init__(self, function: Any, on_the_way: tuple[Any, ...]) -> None:
        self._function, self._on_the_way = function, on_the_way
        self._locals: dict[str, Any] = {name: _instance(hint) for name, hint in _hints(function).items()}
        owner = _owner(function)
        if owner is not None:
            self._locals["self"] = self._locals["cls"] = Instance(owner)

    def read(self) -> Kinds:
        return self._in_all(body_of(self._function).body)

    def _in_all(self, nodes: list[Any]) -> Kinds:
        return frozenset[type[DarkroomError]]().union(*(self._in(node) for node in nodes))

    def _in(self, node: ast.AST) -> Kinds:
        if isinstance(node, ast.Try):
            return self._in_try(node)
        found = self._in_all(list(ast.iter_child_nodes(node)))
        if isinstance(node, ast.Raise) and node.exc is not None:
            return found | self._thrown(node.exc)
        if isinstance(node, ast.Call) and not (isinstance(node.func, ast.Name) and node.func.id in TELLING):
            # A check that is handed the error to raise.
            found |= frozenset[type[DarkroomError]]().union(*(_kind(self._value(given)) for given in node.args))
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            self._locals[node.targets[0].id] = self._value(node.value)
        if isinstance(node, ast.Name | ast.Attribute):
            return found | self._reached(self._value(node))
        return found

    def _in_try(self, node: ast.Try) -> Kinds:
        caught: list[type] = []
        for handler in node.handlers:
            names = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
            caught += [kind for name in names if isinstance(kind := name and self._value(name), type)]
        let_out = {kind for kind in self._in_all(node.body) if not issubclass(kind, tuple(caught))}
        return self._in_all([*node.handlers, *node.orelse, *node.finalbody]) | let_out

    def _thrown(self, node: ast.expr) -> Kinds:
        if isinstance(node, ast.IfExp):
            return self._thrown(node.body) | self._thrown(node.orelse)
        value = self._value(node)
        return _kind(value.kind if isinstance(value, Instance) else value)

    def _reached(self, value: Any) -> Kinds:
        """What a function lets out once it is named: it is called here, or handed on to be."""
        if isinstance(value, Instance | type):
            return frozenset()
        value = inspect.unwrap(value) if callable(value) else value
        return _of(value, self._on_the_way) if isinstance(value, types.FunctionType) else frozenset()

    def _value(self, node: ast.expr) -> Any:
        if isinstance(node, ast.Name):
            return self._named(node.id)
        if isinstance(node, ast.Attribute):
            return _attribute(self._value(node.value), node.attr)
        if isinstance(node, ast.Call):
            called = self._value(node.func)
            if isinstance(called, type):
                return Instance(called)
            return _instance(_hints(called).get("return")) if isinstance(called, types.FunctionType) else None
        if isinstance(node, ast.IfExp):
            return self._value(node.body) or self._value(node.orelse)
        return None

    def _named(self, name: str) -> Any:
        if name in self._locals:
            return self._locals[name]
        value = self._function.__globals__.get(name)
        if value is None or isinstance(value, type | types.ModuleType | types.FunctionType):
            return value
        return inspect.unwrap(value) if hasattr(value, "__wrapped__") else Instance(type(value))


def _kind(value: Any) -> Kinds:
    return frozenset({value}) if isinstance(value, type) and issubclass(value, DarkroomError) else frozenset()


def _attribute(value: Any, name: str) -> Any:
    if isinstance(value, types.ModuleType | type):
        return getattr(value, name, None)
    if not isinstance(value, Instance):
        return None
    found = inspect.getattr_static(value.kind, name, None)
    if isinstance(found, property):
        return _instance(_hints(found.fget).get("return"))
    if isinstance(found, classmethod | staticmethod):
        return found.__func__
    return found if isinstance(found, types.FunctionType) else _instance(_hints(value.kind).get(name))


def _instance(hint: Any) -> Instance | None:
    """The one class that an annotation names, `None` beside it or not."""
    kinds = [kind for kind in _members(hint) if isinstance(kind, type) and kind is not type(None)]
    return Instance(kinds[0]) if len(kinds) == 1 else None


def _members(hint: Any) -> Iterator[Any]:
    if typing.get_origin(hint) in (typing.Union, types.UnionType):
        yield from typing.get_args(hint)
    else:
        yield hint


@cache
def _hints(target: Any) -> dict[str, Any]:
    try:
        return typing.get_type_hints(target)
    except (NameError, TypeError):  # names that only a type checker imports
        return {}


def _owner(function: Any) -> type | None:
    """The class that a method was written in."""
    path = function.__qualname__.split(".")
    owner = getattr(inspect.getmodule(function), path[-2], None) if len(path) > 1 else None
    return owner if isinstance(owner, type) else None
