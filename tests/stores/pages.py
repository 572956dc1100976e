"""A job's tasks, page by page to the last."""

from __future__ import annotations

from shared.stores.tasks import Page
from tests.stores.jobs import JOB
from tests.world import World


def all_pages(world: World, *, is_failed_only: bool = False, changed_since: int | None = None) -> list[Page]:
    pages = [world.tasks.page(JOB, is_failed_only=is_failed_only, changed_since=changed_since, cursor=None)]
    while cursor := pages[-1].next_cursor:
        pages.append(world.tasks.page(JOB, is_failed_only=is_failed_only, changed_since=changed_since, cursor=cursor))
    return pages


def ids(pages: list[Page]) -> list[str]:
    return [task.task_id for page in pages for task in page.tasks]
