"""An upload that was cut short goes on where it stopped."""

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from darkroom import Client, Progress, upload_files
from tests.client.fake_api import KEY, FakeApi

Photos = Callable[..., Path]
NAMES = [f"{n}.jpg" for n in range(8)]


class Crash(Exception):
    pass


def crash_after(files: int) -> Callable[[Progress], None]:
    def look(now: Progress) -> None:
        if now.sent_files >= files:
            raise Crash

    return look


@pytest.fixture
def state(tmp_path: Path) -> Path:
    return tmp_path / "state"


@pytest.fixture
def interrupted(client: Client, api: FakeApi, photos: Photos, state: Path) -> Path:
    """A folder of eight, of which some were sent before the crash; the server has not looked at them yet."""
    folder = photos(*NAMES)
    api.is_holding = True
    with pytest.raises(Crash):
        upload_files(client, [folder], "p", parallel=2, state_dir=state, on_progress=crash_after(3))
    api.is_holding = False
    return folder


def test_nothing_is_sent_twice(client: Client, api: FakeApi, interrupted: Path, state: Path) -> None:
    before = len(api.posts)
    api.end_all()

    report = upload_files(client, [interrupted], "p", state_dir=state)

    assert 3 <= before < 8
    assert len(api.posts) == len(set(api.posts)) == 8
    assert len(api.jobs) == 1
    assert [verdict.outcome for verdict in report.verdicts] == ["created"] * 8


def test_file_that_s3_has_but_the_server_has_not_seen_is_not_sent_again(
    client: Client, api: FakeApi, interrupted: Path, state: Path
) -> None:
    api.overlook_all()

    def notice_all(now: Progress) -> None:
        if now.job and now.sent_files == now.files_to_send:
            api.end_all()

    report = upload_files(client, [interrupted], "p", state_dir=state, on_progress=notice_all)

    assert len(api.posts) == len(set(api.posts)) == 8
    assert report.is_fine


def test_hashes_are_not_computed_again(
    client: Client, api: FakeApi, interrupted: Path, state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    api.end_all()
    monkeypatch.setattr("darkroom.files.sha256_of", lambda path: pytest.fail("hashed again"))

    report = upload_files(client, [interrupted], "p", state_dir=state)

    assert report.is_fine


def test_changed_and_new_files_go_into_a_session_of_their_own(
    client: Client, api: FakeApi, interrupted: Path, state: Path
) -> None:
    api.end_all()
    unsent = next(task["filename"] for task in api.jobs["job0"].tasks.values() if task["status"] == "pending")
    (interrupted / unsent).write_bytes(b"changed")
    (interrupted / "new.jpg").write_bytes(b"new")

    report = upload_files(client, [interrupted], "p", state_dir=state)

    assert len(report.verdicts) == 9
    assert report.is_fine
    assert {task["filename"] for task in api.jobs["job1"].tasks.values()} == {unsent, "new.jpg"}


@pytest.mark.parametrize("end", ["gone", "cancelled", "completed"])
def test_session_that_is_over_is_replaced(
    client: Client, api: FakeApi, interrupted: Path, state: Path, end: str
) -> None:
    api.end_all()
    api.jobs["job0"].status = end

    report = upload_files(client, [interrupted], "p", state_dir=state)

    assert len(api.jobs) == 2
    assert {verdict.job_id for verdict in report.verdicts} == {"job1"}
    assert report.is_fine


def test_torn_last_line_of_the_journal_is_ignored(client: Client, api: FakeApi, interrupted: Path, state: Path) -> None:
    api.end_all()
    journal = next(state.iterdir())
    with journal.open("a") as file:
        file.write('{"job": "job0", "se')

    report = upload_files(client, [interrupted], "p", state_dir=state)

    assert len(api.posts) == 8
    assert report.is_fine


def test_journal_goes_once_all_is_done(client: Client, api: FakeApi, photos: Photos, state: Path) -> None:
    upload_files(client, [photos("a.jpg")], "p", state_dir=state)

    assert list(state.iterdir()) == []


def test_journal_carries_no_key(interrupted: Path, state: Path) -> None:
    assert KEY not in next(state.iterdir()).read_text()


def test_ctrl_c_says_how_to_resume_and_the_same_command_does(api: FakeApi, photos: Photos, tmp_path: Path) -> None:
    api.post_s = 0.15
    folder = photos(*NAMES)
    command = [sys.executable, "-m", "darkroom", "upload", str(folder), "--project", "p", "--parallel", "1"]
    environment = os.environ | {
        "DARKROOM_URL": api.url,
        "DARKROOM_KEY": KEY,
        "DARKROOM_STATE_DIR": str(tmp_path / "state"),
    }

    running = subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True)
    wait_until(lambda: len(api.posts) >= 2)
    running.send_signal(signal.SIGINT)
    _, said = running.communicate(timeout=10)
    before = len(api.posts)
    api.post_s = 0
    again = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=10, check=False)

    assert running.returncode == 130
    assert "of 8 files sent. Run the same command again to resume." in said
    assert "Traceback" not in said
    assert before < 8
    assert again.returncode == 0, again.stderr
    assert set(Counter(api.posts).values()) == {1}
    assert len(api.posts) == 8
    assert len(api.jobs) == 1


def wait_until(is_so: Callable[[], bool], timeout_s: float = 8.0) -> None:
    deadline = time.monotonic() + timeout_s
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.01)
