"""Jobs-table stream (jobs) → push to subscribers, and news of completed jobs."""

from typing import Any

from shared.settings import AnnounceSettings
from shared.stores.images import RenditionStore
from shared.stores.jobs import JobStore
from shared.stores.sockets import SocketStore
from shared.stores.subscriptions import SubscriptionStore
from shared.stores.tasks import TaskStore
from shared.stores.topics import Topic
from shared.streams import job_states
from shared.usecases.announce_job import Announcing, announce_job
from shared.usecases.subscribe import Source

settings = AnnounceSettings.load()
announcing = Announcing(
    Source(
        JobStore(settings.jobs_table),
        TaskStore(settings.jobs_table),
        RenditionStore(settings.renditions_bucket),
        settings.url_lifetime,
    ),
    SubscriptionStore(settings.jobs_table),
    SocketStore(settings.websocket_api),
    Topic(settings.topic_arn),
)


def handler(event: dict[str, Any], context: Any) -> None:
    """Raises what could not be told; the stream then hands the batch over again, halved."""
    for states in job_states(event).values():
        announce_job(states, announcing)
