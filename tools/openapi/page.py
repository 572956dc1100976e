"""The description as a page to read: no script, one style sheet of its own, light and dark."""

from __future__ import annotations

import json
import re
from html import escape
from typing import Any

Document = dict[str, Any]

STYLE = """
:root {
  color-scheme: light dark;
  --line: #d5d9de; --soft: #f3f5f7; --ink: #16191d; --quiet: #57606a; --paper: #fff; --mark: #0b62b8
}
@media (prefers-color-scheme: dark) {
  :root { --line: #333a42; --soft: #1b2026; --ink: #e4e8ec; --quiet: #9aa4ae; --paper: #12161a; --mark: #6cb2f5 }
}
* { box-sizing: border-box }
body { margin: 0 auto; max-width: 72rem; padding: 1.5rem; font: 16px/1.5 system-ui, sans-serif }
body { color: var(--ink); background: var(--paper) }
a { color: var(--mark) }
code, pre { font: 0.875em/1.5 ui-monospace, monospace }
pre { background: var(--soft); padding: 0.75rem; overflow: auto; max-height: 28rem; border-radius: 6px }
nav { columns: 18rem; margin: 1.5rem 0 }
nav a { display: block; overflow-wrap: anywhere }
h2 { margin-top: 3rem; border-bottom: 1px solid var(--line) }
article { border: 1px solid var(--line); border-radius: 8px; padding: 0 1rem 1rem; margin: 1rem 0 }
h3 { overflow-wrap: anywhere }
h3 b { color: var(--mark); margin-right: 0.5rem }
table { border-collapse: collapse; width: 100%; display: block; overflow-x: auto }
th, td { text-align: left; vertical-align: top; padding: 0.3rem 1rem 0.3rem 0; border-bottom: 1px solid var(--line) }
summary { cursor: pointer; padding: 0.3rem 0 }
.quiet { color: var(--quiet) }
"""


def render(document: Document) -> str:
    """The whole page."""
    operations = [
        (method.upper(), path, operation)
        for path, found in document["paths"].items()
        for method, operation in found.items()
    ]
    shapes, errors = document["components"]["schemas"], document["components"]["examples"]
    links = "".join(
        f'<a href="#{_text(operation["operationId"])}"><code>{method} {_text(path)}</code></a>'
        for method, path, operation in operations
    )
    sections = "".join(
        f"<h2>{_text(tag['name'])}</h2>"
        + "".join(_operation(*found) for found in operations if tag["name"] in found[2]["tags"])
        for tag in document["tags"]
    )
    return f"""<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Darkroom API</title>
<style>{STYLE}</style>
<body>
<h1>Darkroom API</h1>
<p>{_words(document["info"]["description"])} The same for programs: <a href="openapi.json">openapi.json</a>.</p>
<nav aria-label="Routes">{links}</nav>
<main>
{sections}
<h2>Errors</h2>
{"".join(_error(code, found["value"]) for code, found in errors.items())}
<h2>Shapes</h2>
{"".join(_shape(name, shape) for name, shape in shapes.items())}
</main>
</body>
</html>
"""


def _operation(method: str, path: str, operation: Document) -> str:
    scopes = [scope for choice in operation["security"] for scope in choice["key"]]
    needs = f"Scope: <b>{_text(' or '.join(scopes))}</b>" if scopes else "No key needed"
    return f"""<article id="{_text(operation["operationId"])}">
<h3><b>{method}</b><code>{_text(path)}</code></h3>
<p>{_words(operation["description"])}</p>
<p class="quiet">{needs}</p>
{_parameters(operation.get("parameters", []))}
{_request(operation.get("requestBody"))}
<h4>Answers</h4>
{"".join(_answer(status, answer) for status, answer in operation["responses"].items())}
</article>
"""


def _parameters(parameters: list[Document]) -> str:
    if not parameters:
        return ""
    rows = "".join(
        f"<tr><td><code>{_text(found['name'])}</code><td>{found['in']}<td>{_type(found['schema'])}"
        f"<td>{'needed' if found['required'] else _default(found['schema'])}"
        f"<td>{_code(found['example']) if 'example' in found else ''}</tr>"
        for found in parameters
    )
    return f"<table><tr><th>Parameter<th>In<th>Type<th>Default<th>Example</tr>{rows}</table>"


def _request(body: Document | None) -> str:
    if not body:
        return ""
    return "<h4>Body</h4>" + "".join(
        f"<p><code>{_text(kind)}</code> {_type(media['schema'])}</p>{_example(media)}"
        for kind, media in body["content"].items()
    )


def _answer(status: str, answer: Document) -> str:
    media: Document = next(iter(answer.get("content", {}).values()), {})
    headers = "".join(f"<p>Header <code>{_text(name)}</code></p>" for name in answer.get("headers", {}))
    kind = f" {_type(media['schema'])}" if "schema" in media and "allOf" not in media["schema"] else ""
    return (
        f"<details><summary><b>{status}</b> {_words(answer['description'])}{kind}</summary>"
        f"{headers}{_example(media)}</details>"
    )


def _error(code: str, example: Document) -> str:
    return f"<details><summary><code>{_text(code)}</code></summary>{_pretty(example)}</details>"


def _example(media: Document) -> str:
    return _pretty(media["example"]) if "example" in media else ""


def _pretty(value: Any) -> str:
    return f"<pre>{_text(json.dumps(value, indent=2, ensure_ascii=False))}</pre>"


def _shape(name: str, shape: Document) -> str:
    rows = "".join(
        f"<tr><td><code>{_text(field)}</code><td>{_type(inner)}"
        f"<td>{'' if field in shape.get('required', []) else 'optional'}<td>{_words(inner.get('description', ''))}</tr>"
        for field, inner in shape.get("properties", {}).items()
    )
    return (
        f'<article id="shape-{_text(name)}"><h3>{_text(name)}</h3><p>{_words(shape.get("description", ""))}</p>'
        f"<table>{rows}</table></article>\n"
    )


def _type(schema: Document) -> str:
    if "$ref" in schema:
        name = _text(schema["$ref"].rsplit("/", 1)[-1])
        return f'<a href="#shape-{name}">{name}</a>'
    if "anyOf" in schema:
        return " or ".join(_type(choice) for choice in schema["anyOf"])
    if "enum" in schema:
        return ", ".join(_code(value) for value in schema["enum"])
    if schema.get("type") == "array":
        return f"list of {_type(schema.get('items', {}))}"
    bounds = {"minimum": "from", "maximum": "to", "exclusiveMaximum": "below", "maxLength": "at most", "pattern": "as"}
    limits = "".join(f" {word} {_code(schema[name])}" for name, word in bounds.items() if name in schema)
    return _text(schema.get("format") or schema.get("type") or "any") + limits


def _default(schema: Document) -> str:
    return _code(schema["default"]) if "default" in schema else ""


def _code(value: Any) -> str:
    return f"<code>{_text(value if isinstance(value, str) else json.dumps(value))}</code>"


def _words(text: str) -> str:
    """Escaped, with `code` as code."""
    return re.sub(r"`([^`]*)`", r"<code>\1</code>", _text(text))


def _text(text: str) -> str:
    return escape(text)
