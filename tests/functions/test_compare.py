"""Comparing an image with an asset: each way to give one, and each refusal."""

import base64
import json
from collections import Counter
from datetime import UTC, datetime

import pytest
import pyvips

from shared.body import MAX_BODY_BYTES
from shared.domain.asset import Asset
from shared.domain.keys import scratch_key
from tests.cloud import client, recorded
from tests.functions.conftest import Answer, Context, Load
from tests.functions.conftest import Api as Routes
from tests.pictures import photo
from tests.world import TENANT, World

STRANGER = {"tenant": "tenant_zzzzzzzzzzzzzzzzzzzzzzzzzz", "scopes": "read write"}
IMAGE = photo(1)
HERO = {"name": "hero", "box": [30, 30], "quality": 60}
FORM = "multipart/form-data; boundary=edge"


class Compare:
    """Posts a body as API Gateway hands it over: what is binary as base64."""

    def __init__(self, load: Load, world: World) -> None:
        self._handler = load("compare").handler
        self.world = world
        world.once(_validate_two)

    @property
    def asset(self) -> Asset:
        return self._assets()[0]

    @property
    def other(self) -> Asset:
        return self._assets()[1]

    def _assets(self) -> list[Asset]:
        return sorted(self.world.all_assets(), key=lambda asset: asset.filename)

    def render(self) -> None:
        for request in self.world.sent("RenditionsQueue"):
            if request.asset_id == self.asset.asset_id:
                self.world.render(request)

    def __call__(
        self,
        body: bytes | dict[str, object],
        content_type: str = "image/jpeg",
        *,
        asset_id: str | None = None,
        authorizer: dict[str, str] | None = None,
    ) -> Answer:
        event = recorded("compare")
        event["path"] = f"/v1/assets/{asset_id or self.asset.asset_id}/compare"
        if isinstance(body, dict):
            event |= {"body": json.dumps(body), "isBase64Encoded": False}
            content_type = "application/json"
        else:
            event |= {"body": base64.b64encode(body).decode(), "isBase64Encoded": True}
        event["headers"]["Content-Type"] = content_type
        event["multiValueHeaders"]["Content-Type"] = [content_type]
        event["requestContext"]["authorizer"] = authorizer or {"tenant": TENANT, "scopes": "read"}
        answer = self._handler(event, Context())
        return Answer(answer["statusCode"], {}, json.loads(answer["body"]), len(json.dumps(answer)))

    def put_scratch(self, scratch_id: str, body: bytes) -> None:
        bucket = self.world.cloud.originals_bucket
        client("s3").put_object(Bucket=bucket, Key=scratch_key(TENANT, scratch_id), Body=body)


@pytest.fixture
def compare(load: Load, world: World) -> Compare:
    return Compare(load, world)


def _validate_two(world: World) -> None:
    world.now = datetime.now(UTC)
    _, uploads = world.upload(IMAGE, photo(2))
    for uploaded in uploads:
        world.validate(uploaded)


def form(*parts: tuple[str, bytes]) -> bytes:
    head = b'--edge\r\nContent-Disposition: form-data; name="%s"; filename="a.jpg"\r\n\r\n%s\r\n'
    return b"".join(head % (name.encode(), body) for name, body in parts) + b"--edge--\r\n"


def test_original_and_every_rendition_are_compared(compare: Compare) -> None:
    compare.render()

    answer = compare(IMAGE)

    rows = answer.body["comparisons"]
    assert answer.status == 200
    assert set(rows) == {"original", *compare.asset.renditions}
    assert rows["original"] | {"verdict": None} == {
        "file_size_bytes": len(IMAGE), "width": 320, "height": 240, "alignment": "same_size", "psnr_db": None,
        "ssim": 1.0, "perceptual_hash_distance": 0, "identical": True, "verdict": None,
    }  # fmt: skip
    assert rows["original"]["verdict"] == {"quality": "excellent", "likeness": "identical"}
    assert rows["thumb"]["file_size_bytes"] == compare.asset.renditions["thumb"].bytes
    assert rows["thumb"]["verdict"]["likeness"] in {"identical", "very similar"}


def test_rendition_that_no_route_serves_is_not_compared(compare: Compare) -> None:
    compare.world.set_presets(HERO)
    compare.render()
    assert "hero" in compare(IMAGE).body["comparisons"]

    compare.world.set_presets(HERO | {"quality": 61})
    changed = compare(IMAGE).body["comparisons"]
    compare.world.set_presets()
    removed = compare(IMAGE).body["comparisons"]

    assert "hero" not in {*changed, *removed}
    assert {"original", "thumb"} <= changed.keys() & removed.keys()


def test_image_is_decoded_once_for_all_renditions(compare: Compare, monkeypatch: pytest.MonkeyPatch) -> None:
    load, loads = pyvips.Image.pngload_buffer, Counter[str]()

    def counted(*given: object, **options: object) -> object:
        loads["with" if compare.asset.renditions else "without"] += 1
        return load(*given, **options)

    monkeypatch.setattr(pyvips.Image, "pngload_buffer", counted, raising=False)
    compare(photo(3, format="PNG"), "image/png")
    compare.render()
    rows = compare(photo(3, format="PNG"), "image/png").body["comparisons"]

    assert len(rows) == 10
    assert loads["with"] == loads["without"] + 1


def test_compared_image_never_becomes_an_asset(compare: Compare) -> None:
    before = compare.world.objects(compare.world.cloud.originals_bucket)

    compare(photo(3, format="PNG"), "image/png")

    assert len(compare.world.all_assets()) == 2
    assert compare.world.objects(compare.world.cloud.originals_bucket) == before


def test_form_gives_the_same_as_the_body_itself(compare: Compare) -> None:
    assert compare(form(("note", b"x"), ("file", IMAGE)), FORM).body == compare(IMAGE).body


def test_another_asset_is_read_by_its_id(compare: Compare) -> None:
    rows = compare({"asset_id": compare.other.asset_id}).body["comparisons"]

    assert rows["original"]["identical"] is False
    assert rows["original"]["verdict"]["likeness"] == "different"


def test_large_image_is_read_by_its_scratch_id(compare: Compare) -> None:
    scratch_id = "scratch_" + "a" * 32
    compare.put_scratch(scratch_id, IMAGE)

    assert compare({"scratch_id": scratch_id}).body["comparisons"]["original"]["identical"] is True


@pytest.mark.parametrize(
    ("body", "content_type", "status", "code"),
    [
        (b"", "image/jpeg", 422, "empty_file"),
        (b"a shopping list", "image/jpeg", 422, "unsupported_format"),
        (IMAGE[:-200], "image/jpeg", 422, "truncated_image"),
        (IMAGE, "image/bmp", 415, "unsupported_media_type"),
        (IMAGE, "", 415, "unsupported_media_type"),
        (form(("image", IMAGE)), FORM, 422, "invalid_request"),
        (form(("file", IMAGE), ("file", IMAGE)), FORM, 422, "invalid_request"),
        (form(("file", IMAGE))[:-9], FORM, 422, "invalid_request"),
        (IMAGE, "multipart/form-data", 422, "invalid_request"),
        (form(("file", b"")), FORM, 422, "empty_file"),
        (b"{", "application/json", 422, "invalid_request"),
        ({}, "", 422, "invalid_request"),
        ({"asset_id": "a", "scratch_id": "b"}, "", 422, "invalid_request"),
        ({"asset_id": 7}, "", 422, "invalid_request"),
        ({"asset_id": "a"}, "", 400, "invalid_id"),
        ({"scratch_id": "a/../b"}, "", 400, "invalid_id"),
        ({"asset_id": "asset_" + "a" * 32}, "", 404, "not_found"),
        ({"scratch_id": "scratch_" + "b" * 32}, "", 404, "not_found"),
    ],
)
def test_what_is_no_image_gets_a_typed_no(
    compare: Compare, body: bytes | dict[str, object], content_type: str, status: int, code: str
) -> None:
    answer = compare(body, content_type)

    assert (answer.status, answer.body["code"]) == (status, code)


def test_limits_are_those_of_an_upload(compare: Compare, load: Load, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAX_IMAGE_PIXELS", "1000")
    compare._handler = load("compare").handler

    answer = compare(IMAGE)

    assert (answer.status, answer.body["code"]) == (422, "too_many_pixels")
    assert (answer.body["limit"], answer.body["measured"]) == (1000, 320 * 240)


def test_body_that_lambda_cannot_take_is_told_of_grants(compare: Compare) -> None:
    answer = compare(b"x" * (MAX_BODY_BYTES + 1))

    assert (answer.status, answer.body["code"]) == (413, "body_too_large")
    assert (answer.body["limit"], answer.body["measured"]) == (MAX_BODY_BYTES, MAX_BODY_BYTES + 1)
    assert "/v1/compare/grants" in answer.body["detail"]


def test_another_tenants_asset_is_not_found_on_either_side(compare: Compare) -> None:
    compare.put_scratch("scratch_" + "a" * 32, IMAGE)

    answer = compare(IMAGE, authorizer=STRANGER)

    assert (answer.status, answer.body["code"]) == (404, "not_found")


def test_another_tenants_image_is_not_compared_with_ones_own(compare: Compare) -> None:
    bucket = compare.world.cloud.originals_bucket
    scratch_id = "scratch_" + "a" * 32
    client("s3").put_object(Bucket=bucket, Key=scratch_key(STRANGER["tenant"], scratch_id), Body=IMAGE)

    assert compare({"scratch_id": scratch_id}).status == 404


def test_what_is_no_asset_id_is_refused(compare: Compare) -> None:
    assert compare(IMAGE, asset_id="7").body["code"] == "invalid_id"


def test_original_that_is_gone_is_said_to_be_gone(compare: Compare) -> None:
    compare.world.originals.delete(compare.asset.original)

    answer = compare(IMAGE)

    assert (answer.status, answer.body["code"]) == (404, "original_gone")


def test_rendition_that_is_gone_is_not_ready(compare: Compare) -> None:
    compare.render()
    compare.world.renditions.delete([compare.asset.renditions["thumb"].key])

    answer = compare(IMAGE)

    assert (answer.status, answer.body["code"]) == (409, "not_ready")


def test_key_without_the_scope_may_not_compare(compare: Compare) -> None:
    answer = compare(IMAGE, authorizer={"tenant": TENANT, "scopes": "write"})

    assert (answer.status, answer.body["code"]) == (403, "missing_scope")


# ── Grants ────────────────────────────────────────────────────────────────────────────────────────────────────


def test_scratch_grant_names_one_key_of_the_tenant(api: Routes) -> None:
    answer = api("POST", "/v1/compare/grants", {"content_type": "image/jpeg", "bytes": 10_000_000})

    assert answer.status == 201
    assert answer.body["upload"]["fields"]["key"] == scratch_key(TENANT, answer.body["scratch_id"])


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"bytes": 60_000_000}, 422, "file_too_large"),
        ({"bytes": 0}, 422, "invalid_request"),
        ({"content_type": "text/html"}, 415, "unsupported_media_type"),
    ],
)
def test_no_grant_for_what_would_be_refused(api: Routes, changes: dict[str, object], status: int, code: str) -> None:
    answer = api("POST", "/v1/compare/grants", {"content_type": "image/jpeg", "bytes": 10} | changes)

    assert (answer.status, answer.body["code"]) == (status, code)


def test_key_that_only_reads_gets_no_scratch_grant(api: Routes) -> None:
    reader = {"tenant": TENANT, "scopes": "read"}

    answer = api("POST", "/v1/compare/grants", {"content_type": "image/jpeg", "bytes": 10}, authorizer=reader)

    assert answer.status == 403
