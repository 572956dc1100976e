"""The `darkroom` command: what it prints where, and its exit status."""

import json
from collections.abc import Callable
from pathlib import Path

from tests.client.conftest import Run
from tests.client.fake_api import FakeApi
from tests.client.fake_jobs import FakeJob

Photos = Callable[..., Path]


def test_upload_prints_a_verdict_for_each_file(run: Run, photos: Photos) -> None:
    said = run("upload", str(photos("a.jpg", "b.jpg", "notes.txt")), "-p", "p")

    assert said.status == 0
    assert "2 files: 2 created; 1 file skipped (no images)" in said.out
    assert "job job0" in said.out
    assert "skipped, no image:" in said.err


def test_refused_file_is_listed_with_reason_limit_and_measure(run: Run, photos: Photos) -> None:
    said = run("upload", str(photos("a.jpg", "bad.jpg")), "-p", "p", "--no-progress")

    assert said.status == 1
    assert "refused too_many_pixels" in said.out
    assert "Too many pixels [limit 100, measured 120]" in said.out


def test_json_is_alone_on_stdout(run: Run, photos: Photos) -> None:
    said = run("upload", str(photos("a.jpg", "notes.txt")), "-p", "p", "--json")

    report = json.loads(said.out)
    assert report["files"][0]["outcome"] == "created"
    assert report["files"][0]["filename"] == "a.jpg"
    assert len(report["skipped"]) == 1


def test_status_shows_counts_and_failed_tasks(run: Run, photos: Photos) -> None:
    run("upload", str(photos("a.jpg", "bad.jpg")), "-p", "p", "--no-progress")

    said = run("status", "job0", "--tasks", "failed", "--watch")

    assert said.status == 0
    assert "100.0 %: 2 of 2, 1 failed, completed" in said.out
    assert "bad.jpg" in said.out
    assert "a.jpg" not in said.out


def test_watching_a_job_that_stands_still_costs_no_more_than_a_304(run: Run, api: FakeApi) -> None:
    api.start("p", {})
    paces = iter([0, 0, 0, 4])

    def end_at_the_fourth_look(job: FakeJob) -> None:
        api.pace = next(paces)

    api.on_look = end_at_the_fourth_look

    said = run("status", "q0", "--watch")

    assert said.status == 0
    assert "4 of 4, 1 failed, completed" in said.out
    assert api.unchanged == 2


def test_get_shows_renditions_and_quality(run: Run) -> None:
    said = run("get", "a1")

    assert said.status == 0
    assert "4000 × 3000, 1.2 MB" in said.out
    assert "[red]a.jpg" in said.out
    assert "0.810" in said.out
    assert "too_dark" in said.out


def test_get_gives_json(run: Run) -> None:
    said = run("get", "a1", "--json")

    assert json.loads(said.out)["quality"]["suitability"]["score"] == 83


def test_renditions_are_downloaded_by_preset(run: Run, tmp_path: Path) -> None:
    said = run("renditions", "a1", "--out", str(tmp_path / "out"), "--preset", "card")

    assert said.status == 0
    assert said.out.split() == [str(tmp_path / "out" / "card.jpg")]
    assert (tmp_path / "out" / "card.jpg").read_bytes() == b"a rendition"


def test_unknown_preset_says_which_there_are(run: Run) -> None:
    said = run("renditions", "a1", "--preset", "poster")

    assert said.status == 1
    assert said.err == "a1 has no rendition poster; it has card, thumb.\n"


def test_api_error_is_one_line(run: Run) -> None:
    said = run("status", "nope")

    assert said.status == 1
    assert said.err == "No: not_found (404 not_found)\n"
    assert said.out == ""


def test_wrong_key_is_never_shown(run: Run) -> None:
    said = run("--key", "dk_wrong_secret", "status", "job0")

    assert said.status == 1
    assert said.err == "No: invalid_key (401 invalid_key)\n"


def test_state_folder_that_cannot_be_written_is_one_line(run: Run, photos: Photos) -> None:
    folder = photos("a.jpg")

    said = run("upload", str(folder), "-p", "p", "--no-progress", "--state-dir", str(folder / "a.jpg" / "state"))

    assert said.status == 1
    assert said.err.count("\n") == 1
    assert "Not a directory" in said.err


def test_missing_path_is_one_line(run: Run) -> None:
    said = run("upload", "nowhere.jpg", "-p", "p", "--no-progress")

    assert said.status == 1
    assert said.err == "nowhere.jpg: No such file or directory.\n"
