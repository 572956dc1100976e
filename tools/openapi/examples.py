"""An example of every shape, put together from examples of its fields."""

from __future__ import annotations

from typing import Any

Schema = dict[str, Any]

FIELDS: dict[str, Any] = {
    "alignment": "exact",
    "asset_id": "asset_mfrggzdfmztwq2lkmfrggzdfmztwq2lk",
    "bound": "below",
    "box": 600,
    "bytes": 2_481_930,
    "category": "high",
    "code": "truncated_image",
    "color_space": "RGB",
    "content_hash": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "content_type": "image/jpeg",
    "cursor": "eyJhIjoxfQ",
    "fit": "inside",
    "detail": "The file ends before the image does",
    "filename": "beach.jpg",
    "format": "jpeg",
    "height": 3024,
    "issue": "low_sharpness",
    "job_id": "job_01jz8y6k3m5n7p9q2r4s6t8v0w",
    "key": "dk_0123456789abcdef_…",
    "kind": "upload",
    "likeness": "same",
    "message": "Started",
    "mode": "eager",
    "next_cursor": "eyJhIjoxfQ",
    "note": "Compared upright",
    "outcome": "created",
    "metric": "sharpness",
    "name": "acme",
    "perceptual_hash": "c3d1e0f8a4b29687",
    "poison_id": "p_0198f2c4d1e07b6a93c5e8f1a2b4d6c8",
    "preset": "card",
    "project": "holiday",
    "recipe": "5f3a9c1e",
    "scratch_id": "scratch_mfrggzdfmztwq2lkmfrggzdfmztwq2lk",
    "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "size": 20,
    "stage": "variants",
    "status": "processing",
    "task_id": "t00001",
    "tenant": "acme",
    "tenant_id": "tenant_01jz8y6k3m5n7p9q2r4s6t8v0w",
    "tenant_name": "acme",
    "thumbnail_url": "https://example.com/…",
    "ticket": "wt_0123456789abcdef",
    "total": 100,
    "total_images": 100,
    "url": "https://example.com/…",
    "width": 4032,
}
"""By the field's name, where its type fits."""

KEYS: dict[str, tuple[str, Any]] = {
    "errors": ("quality", {"code": "worker_died", "detail": "The worker died each time."}),
    "exif": ("Model", "Camera 1"),
    "fields": ("key", "originals/…"),
    "scorer_versions": ("2", 90),
    "stages": ("validation", "completed"),
}
"""An entry of a mapping, by the mapping's name."""

SHAPES: dict[str, Any] = {
    "PresetRow": {"name": "hero", "longer_edge": 1600, "format": "avif", "quality": 60},
    "CompareWith": {"asset_id": FIELDS["asset_id"]},
}
"""Where fields rule each other out."""

TYPES: dict[str, tuple[type, ...]] = {"string": (str,), "integer": (int,), "number": (int, float)}


def example_of(schema: Schema, components: dict[str, Schema], name: str = "") -> Any:
    """A value that the schema takes; `name` is the field's."""
    if "$ref" in schema:
        shape = schema["$ref"].rsplit("/", 1)[-1]
        return SHAPES[shape] if shape in SHAPES else example_of(components[shape], components, name)
    if "const" in schema:
        return schema["const"]
    if "enum" in schema:
        return schema["enum"][0]
    choices = [choice for choice in schema.get("anyOf") or [] if choice.get("type") != "null"]
    if choices:
        return example_of(choices[0], components, name)
    if schema.get("type") == "object":
        return _object(schema, components, name)
    if schema.get("type") == "array":
        items = schema.get("prefixItems") or [schema.get("items", {})]
        return [example_of(item, components, name.removesuffix("s")) for item in items]
    return _scalar(schema, name)


def _object(schema: Schema, components: dict[str, Schema], name: str) -> dict[str, Any]:
    if "properties" in schema:
        return {field: example_of(inner, components, field) for field, inner in schema["properties"].items()}
    values = schema.get("additionalProperties")
    if not isinstance(values, dict):
        return {}
    if name in KEYS:
        key, value = KEYS[name]
        return {key: value}
    return {"sharpness" if values.get("type") == "number" else "card": example_of(values, components)}


def _scalar(schema: Schema, name: str) -> Any:
    kind = schema.get("type", "null")
    if isinstance(FIELDS.get(name), TYPES.get(kind, ())) and "default" not in schema:
        return FIELDS[name]
    if schema.get("default") is not None:
        return schema["default"]
    if schema.get("format") == "date-time":
        return "2026-05-04T12:00:00Z"
    plain = {"integer": schema.get("minimum", 1), "number": 0.5, "boolean": True, "string": "text"}
    return plain.get(kind)
