"""`darkroom presets` and `darkroom rebuild`."""

import json
from pathlib import Path

import httpx
import pytest

from darkroom import Client
from tests.client.conftest import Run
from tests.client.fake_api import FakeApi

HERO = {
    "name": "hero", "box": [1600, 1600], "fit": "inside", "stage": "variants", "format": "avif", "quality": 60,
    "mode": "on_demand", "enabled": True, "built_in": False, "recipe": "0123abcd",
}  # fmt: skip


def test_presets_are_listed(run: Run, api: FakeApi) -> None:
    api.presets = [HERO, HERO | {"name": "zoom", "enabled": False}]

    said = run("presets")

    assert said.status == 0
    assert [word in said.out for word in ("hero", "1600×1600", "avif", "on demand", "off")] == [True] * 5


def test_presets_as_json_are_what_set_takes(run: Run, api: FakeApi) -> None:
    api.presets = [HERO]

    said = run("presets", "--json")

    assert json.loads(said.out)["presets"][0].items() <= HERO.items()


def test_rows_are_put_as_they_are() -> None:
    sent: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        sent.append(request)
        return httpx.Response(200, json={"presets": [HERO]}, headers={"ETag": '"4"'})

    with Client("http://darkroom/api", "dk", transport=httpx.MockTransport(answer)) as client:
        kept = client.set_presets([{"name": "hero", "longer_edge": 1600}], if_match='"3"')

    (request,) = sent
    assert (request.method, request.url.path) == ("PUT", "/api/v1/settings/presets")
    assert json.loads(request.content) == {"presets": [{"name": "hero", "longer_edge": 1600}]}
    assert request.headers["If-Match"] == '"3"'
    assert (kept.presets[0].name, kept.presets[0].box, kept.etag) == ("hero", (1600, 1600), '"4"')


@pytest.mark.parametrize("text", ["{", "3", '{"presets": 1}'])
def test_file_without_rows_is_refused_before_anything_is_sent(
    run: Run, api: FakeApi, tmp_path: Path, text: str
) -> None:
    file = tmp_path / "presets.json"
    file.write_text(text)

    said = run("presets", "set", str(file))

    assert said.status == 2
    assert api.count("PUT", "/v1/settings/presets") == 0


def test_rebuild_is_followed_to_its_end(run: Run, api: FakeApi) -> None:
    api.images = ["a.jpg", "b.jpg"]

    said = run("rebuild", "p", "--all", "--batch-size", "5")

    assert said.status == 0
    assert "2 images: 2 succeeded" in said.out
    assert (api.asked[0]["only_missing"], api.asked[0]["batch_size"]) == ("false", "5")
