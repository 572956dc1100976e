"""Pages of one large job, made once: these tests only read, and have no other cloud."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from moto import mock_aws

from shared.domain.stage import Stage
from shared.domain.task import Outcome
from shared.errors import InvalidRequest
from shared.stores.tasks import PAGE
from tests.cloud import build
from tests.stores.jobs import JOB, NOW, VERDICT, new_job, new_tasks
from tests.stores.pages import all_pages, ids
from tests.world import World

pytestmark = pytest.mark.proof  # moto is slow with hundreds of rows


@pytest.fixture(scope="module")
def failures() -> Iterator[World]:
    """A job of a few more tasks than one page, counted backwards, all of them failed but the first and the last."""
    with mock_aws():
        world = World(build())
        size = PAGE + 3
        tasks = [replace(task, event_seq=size - n) for n, task in enumerate(new_tasks(size))]
        world.jobs.create(new_job(tasks), tasks)
        for task in tasks[1:-1]:
            world.tasks.fail_stage(task.ref, Stage.VALIDATION, VERDICT, Outcome.REFUSED, NOW)
        yield world


def test_failed_tasks_come_alone_page_by_page(failures: World) -> None:
    pages = all_pages(failures, is_failed_only=True)

    assert [len(page.tasks) for page in pages] == [PAGE, 1]
    assert ids(pages) == [task.task_id for task in new_tasks(PAGE + 3)[1:-1]]


def test_changed_tasks_come_page_by_page_in_the_order_of_their_events(failures: World) -> None:
    pages = all_pages(failures, changed_since=0)

    assert [len(page.tasks) for page in pages] == [PAGE, 3]
    assert ids(pages) == [task.task_id for task in reversed(new_tasks(PAGE + 3))]


def test_cursor_of_another_listing_is_refused(failures: World) -> None:
    cursor = failures.tasks.page(JOB, is_failed_only=True, changed_since=None, cursor=None).next_cursor

    with pytest.raises(InvalidRequest):
        failures.tasks.page(JOB, is_failed_only=False, changed_since=0, cursor=cursor)
