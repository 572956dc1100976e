"""What the emulator's log says of invocations: those that ran, those that died, and what they published."""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

# The emulator names the function and the queue or table, each as stack-LogicalId-suffix.
_RAN = re.compile(r"ESM: Lambda \S+?-(\w+)Function-\S+ processed \d+ \w+ \w+ from \S+?-(\w+)-\w+(?: \((\d+) partial)?")
_DIED = re.compile(r"ESM: Lambda \S+?-(\w+)Function-\S+ failed processing \w+ (?:stream )?batch from \S+?-(\w+)-\w+ ")
_WRITES = re.compile(r"Lambda \S+?-(\w+)Function-\S+ output:")
_TIMED_OUT = "timed out after"

BY_HAND = "Reconcile"
"""The function that the soak invokes itself; what it publishes is left out."""

UPLOADS = ("ValidationQueue", "RenditionsQueue", "QualityQueue")


@dataclass
class Figures:
    """Counts over the whole run, from every log of it."""

    ran: Counter[str] = field(default_factory=Counter)
    """Invocations that came to an end, by queue or table."""
    died: Counter[str] = field(default_factory=Counter)
    """Invocations that were killed, timed out or raised, by queue or table."""
    returned: int = 0
    """Invocations that handed some of their messages back."""
    timed_out: int = 0
    published: Counter[str] = field(default_factory=Counter)
    """The sum of each published metric."""
    unexpected: list[str] = field(default_factory=list)
    """Errors that a handler logged as unexpected."""

    def invocations(self, *sources: str) -> int:
        """All invocations for some queues, dead ones included."""
        return sum(self.ran[source] + self.died[source] for source in sources)


def read_logs(folder: Path) -> Figures:
    """The figures of every emulator log in a stack's folder."""
    figures = Figures()
    for log in sorted(folder.glob("emulator*.log")):
        writer = ""
        for line in log.read_text(errors="replace").splitlines():
            writer = written[1] if (written := _WRITES.search(line)) else writer
            _read_line(line, writer, figures)
    return figures


def _read_line(line: str, writer: str, figures: Figures) -> None:
    if line.startswith('{"_aws"'):
        if writer != BY_HAND:
            figures.published.update(published_in(line))
    elif ran := _RAN.search(line):
        figures.ran[ran[2]] += 1
        figures.returned += ran[3] is not None
    elif died := _DIED.search(line):
        figures.died[died[2]] += 1
    elif "unexpected; will be tried again" in line:
        figures.unexpected.append(line)
    if _TIMED_OUT in line and "killing worker" in line:
        figures.timed_out += 1


def published_in(line: str) -> dict[str, int]:
    """Metric → its sum, in one line of CloudWatch's embedded metric format."""
    found = json.loads(line)
    names = [metric["Name"] for group in found["_aws"]["CloudWatchMetrics"] for metric in group["Metrics"]]
    return {name: int(sum(found[name] if isinstance(found[name], list) else [found[name]])) for name in names}
