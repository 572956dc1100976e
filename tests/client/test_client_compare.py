"""`darkroom compare`: what it sends, and what it prints."""

import json
from collections.abc import Callable
from pathlib import Path

from darkroom.comparing import MAX_BODY_BYTES
from shared import body
from tests.client.conftest import Run
from tests.client.fake_api import FakeApi

Photos = Callable[..., Path]
OTHER = "asset_" + "b" * 32


def test_comparison_is_a_row_for_the_original_and_each_rendition(run: Run, photos: Photos) -> None:
    said = run("compare", "a1", str(photos("a.png") / "a.png"))

    assert said.status == 0
    assert "no difference" in said.out
    assert "31.50 dB" in said.out
    assert "very similar" in said.out


def test_small_file_is_the_body(run: Run, api: FakeApi, photos: Photos) -> None:
    path = photos("a.png") / "a.png"

    run("compare", "a1", str(path))

    assert api.compared == [("image/png", path.read_bytes())]


def test_file_goes_in_the_body_as_long_as_the_server_takes_it(run: Run, api: FakeApi, photos: Photos) -> None:
    path = photos("a.png", size=body.MAX_BODY_BYTES) / "a.png"

    run("compare", "a1", str(path))

    assert [len(sent) for _, sent in api.compared] == [body.MAX_BODY_BYTES]
    assert body.MAX_BODY_BYTES == MAX_BODY_BYTES


def test_large_file_asks_for_a_key_that_may_write(run: Run, api: FakeApi, photos: Photos) -> None:
    api.may_write = False

    said = run("compare", "a1", str(photos("a.png", size=5_000_000) / "a.png"))

    assert said.status == 1
    assert said.err == (
        "A file that is this large is uploaded first, for which the key needs the scope `write`"
        " [limit 4,400,000, measured 5,000,000] (403 missing_scope)\n"
    )


def test_large_file_goes_by_a_grant(run: Run, api: FakeApi, photos: Photos) -> None:
    path = photos("a.png", size=MAX_BODY_BYTES + 1) / "a.png"

    said = run("compare", "a1", str(path))

    assert said.status == 0
    assert [len(body) for body in api.scratch] == [MAX_BODY_BYTES + 1]
    assert [json.loads(body) for _, body in api.compared] == [{"scratch_id": "scratch_1"}]


def test_another_asset_is_named_by_its_id(run: Run, api: FakeApi) -> None:
    said = run("compare", "a1", OTHER, "--json")

    assert [json.loads(body) for _, body in api.compared] == [{"asset_id": OTHER}]
    assert json.loads(said.out)["comparisons"]["card"]["psnr_db"] == 31.5


def test_missing_file_is_one_line(run: Run) -> None:
    said = run("compare", "a1", "nowhere.jpg")

    assert (said.status, said.err) == (1, "nowhere.jpg: No such file or directory.\n")
