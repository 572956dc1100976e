"""What the README and docs/ say must be so."""

import ast
import importlib.util
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer

from darkroom.cli import app
from shared.errors import DarkroomError

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text()
PAGES = [
    ROOT / "README.md",
    ROOT / "client" / "README.md",
    ROOT / "benchmarks" / "README.md",
    *sorted((ROOT / "docs").rglob("*.md")),
]
DECISIONS = sorted((ROOT / "docs" / "decisions").glob("*.md"))
EVERY_PAGE = pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))

LINK = re.compile(r"\]\((?!https?:)([^)#\s]*)(?:#([^)\s]*))?\)")
BLOCK = re.compile(r"```(\w*)\n(.*?)```", re.DOTALL)
ROUTE = re.compile(r'^@app\.(get|post|put|delete)\("([^"]+)"', re.MULTILINE)
ROUTE_ROW = re.compile(r"^\| `([A-Z]+) (/[^`?]*)", re.MULTILINE)


def anchors(page: Path) -> set[str]:
    """A heading's anchor, as GitHub makes it."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def commands(text: str, word: str) -> set[str]:
    """What follows a word at the start of a line of a shell block, or of a piece of code in a sentence."""
    code = [block for language, block in BLOCK.findall(text) if language in {"", "bash"}]
    code += re.findall(r"`([^`\n]+)`", BLOCK.sub("", text))
    return {found for piece in code for found in re.findall(rf"^\s*{word} ([a-z][a-z-]*)", piece, re.MULTILINE)}


def codes(kind: type[DarkroomError]) -> Iterator[str]:
    yield kind.code
    for child in kind.__subclasses__():
        yield from codes(child)


@EVERY_PAGE
def test_links_lead_somewhere(page: Path) -> None:
    links = [(page.parent / path if path else page, anchor) for path, anchor in LINK.findall(page.read_text())]

    assert [path for path, _ in links if not path.exists()] == []
    assert [anchor for path, anchor in links if anchor and anchor not in anchors(path)] == []


@EVERY_PAGE
def test_make_targets_exist(page: Path) -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))

    assert commands(page.read_text(), "make") <= targets


@EVERY_PAGE
def test_darkroom_commands_exist(page: Path) -> None:
    known = set(typer.main.get_command(app).commands)

    assert commands(page.read_text(), "darkroom") <= known


@EVERY_PAGE
def test_modules_that_are_run_exist(page: Path) -> None:
    modules = re.findall(r"python -m ((?:tools|benchmarks)[.\w]*)", page.read_text())

    assert [name for name in modules if importlib.util.find_spec(name) is None] == []


@EVERY_PAGE
def test_python_blocks_parse(page: Path) -> None:
    for language, block in BLOCK.findall(page.read_text()):
        if language == "python":
            ast.parse(block)


def test_routes_of_the_api_are_those_of_the_readme() -> None:
    handlers = [handler.read_text() for handler in (ROOT / "functions").glob("*/handler.py")]
    routes = {
        (method.upper(), path.replace("<", "{").replace(">", "}"))
        for handler in handlers
        for method, path in ROUTE.findall(handler)
    }

    assert set(ROUTE_ROW.findall(README)) == routes


def test_what_the_account_of_the_origins_names_exists() -> None:
    page = (ROOT / "docs" / "origins.md").read_text()
    paths = {path for path in re.findall(r"`([\w/.]+/[\w.]+\.\w+)`", page) if not path.startswith("/")}
    routes = set(re.findall(r"`((?:GET|POST|PUT|DELETE) /[^`]*)`", page))

    assert [path for path in sorted(paths) if not (ROOT / path).exists()] == []
    assert routes <= {f"{method} {path}" for method, path in ROUTE_ROW.findall(README)}


def test_every_error_code_is_explained() -> None:
    assert {code for code in codes(DarkroomError) if f"`{code}`" not in README} == set()


def test_every_alarm_names_a_section_of_the_runbook() -> None:
    descriptions = re.findall(r"AlarmDescription: (.+)", (ROOT / "template.yaml").read_text())
    sections = [re.search(r'docs/runbook\.md, "([^"]+)"', description) for description in descriptions]
    headings = re.findall(r"^## (.+)$", (ROOT / "docs" / "runbook.md").read_text(), re.MULTILINE)

    assert descriptions
    assert [description for description, section in zip(descriptions, sections, strict=True) if not section] == []
    assert {section[1] for section in sections if section} <= set(headings)


def test_decisions_are_numbered_without_gaps() -> None:
    assert [page.name[:5] for page in DECISIONS] == [f"{n:04d}-" for n in range(1, len(DECISIONS) + 1)]


@pytest.mark.parametrize("page", DECISIONS, ids=lambda page: page.stem)
def test_decision_has_context_options_decision_and_consequence(page: Path) -> None:
    assert re.findall(r"^## (.+)$", page.read_text(), re.MULTILINE) == ["Context", "Options", "Decision", "Consequence"]
