"""SQS dead-letter queues → work tried again, or its task failed and a poison record kept."""

from typing import Any

from shared.domain.stage import Stage
from shared.messages import DispatchStep, Message, RenditionsOrder, ScoreRequest, UploadEvent, opened
from shared.observability import counted
from shared.settings import DeadLettersSettings
from shared.sqs import consume, source_name
from shared.stores.queues import Queue
from shared.usecases.handle_dead_letter import handle_dead_letter
from shared.wiring import retrying, workbench

settings = DeadLettersSettings.load()
bench = workbench(settings.jobs_table)
on = retrying(settings.jobs_table, settings.catalog_table, settings)

# Each dead-letter queue, what its messages are, and which stages they are for. A dispatcher that died is continued
# by reconcile, which sees where it stopped.
KINDS: list[tuple[str, type[Message | RenditionsOrder], tuple[Stage, ...]]] = [
    (settings.validation_dead_letters_url, UploadEvent, (Stage.VALIDATION,)),
    (settings.renditions_dead_letters_url, RenditionsOrder, (Stage.THUMBNAILS, Stage.VARIANTS)),
    (settings.quality_dead_letters_url, ScoreRequest, (Stage.QUALITY,)),
    (settings.backfill_dead_letters_url, ScoreRequest, (Stage.QUALITY,)),
    (settings.rebuild_dead_letters_url, RenditionsOrder, (Stage.THUMBNAILS, Stage.VARIANTS)),
    (settings.dispatch_dead_letters_url, DispatchStep, ()),
]
by_queue = {Queue(url).name: (Queue(url), message, stages) for url, message, stages in KINDS}


@counted
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    queue, message, stages = by_queue[source_name(event)]
    return consume(event, message, lambda found: handle_dead_letter(opened(found), stages, bench, on), queue, context)
