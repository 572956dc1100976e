"""Bad luck on purpose: uploads and quality jobs while workers are killed, messages doubled and the emulator restarted.

`make soak` runs it on a throwaway stack and ends with 1 when anything was lost, counted twice or left open.
docs/soak.md says what it does and what it proves.
"""

from __future__ import annotations

import argparse
import random
import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from darkroom import Client, Job, NewFile, QualityOptions, RetryPolicy, UploadReport, UploadSession, upload_files
from shared.domain.task import Outcome
from shared.stores.queues import sqs
from shared.stores.tenants import TenantStore
from tools.soak.chaos import Copier, Killer, Place, Reconciler, Repeating, Staller, clients_of
from tools.soak.dispatch import measure_dispatch
from tools.soak.images import LARGE, Deserved, write_images
from tools.soak.ledger import SHOWN, all_tasks, ledger_faults, read_ledger, task_faults
from tools.soak.log import UPLOADS, Figures, read_logs
from tools.soak.watch import Watch, until
from tools.stack import LOCAL, Stack, throwaway_stack

SHOP, CUT_OFF, HEAVY = "soak", "soak-cancelled", "soak-large"
PROJECTS = (SHOP, CUT_OFF, HEAVY)
PARAMETERS = {"Scale": "rehearsal"}

KEPT_LOGS = LOCAL / "soak-logs"

# A restart takes half a minute on a busy machine; nothing may give up meanwhile.
PATIENT = RetryPolicy(attempts=60, base_s=0.5, max_s=5)


@dataclass(frozen=True)
class Plan:
    """How much of everything."""

    good: int
    copies: int
    bad: int
    large: int
    cut_off: int
    kill_every_s: float
    stall_every_s: float
    reconcile_every_s: float
    restarts_in_upload: tuple[float, ...]
    """At these shares of the uploads done."""
    restarts_in_scoring: tuple[float, ...]
    story_s: float
    settle_s: float
    seed: int = 1


FULL = Plan(
    good=480,
    copies=24,
    bad=40,
    large=50,
    cut_off=60,
    kill_every_s=3.0,
    stall_every_s=20,
    reconcile_every_s=5,
    restarts_in_upload=(0.3, 0.7),
    restarts_in_scoring=(0.4,),
    story_s=1200,
    settle_s=600,
)
SHORT = Plan(
    good=50,
    copies=4,
    bad=6,
    large=0,
    cut_off=12,
    kill_every_s=3.0,
    stall_every_s=25,
    reconcile_every_s=5,
    restarts_in_upload=(0.1,),
    restarts_in_scoring=(),
    story_s=600,
    settle_s=600,
)


@dataclass
class Result:
    """What the soak found. Without faults, nothing was lost, counted twice or left open."""

    faults: list[str] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    figures: Figures = field(default_factory=Figures)
    accepted: int = 0
    scored: int = 0

    @property
    def text(self) -> str:
        return "\n".join(self.lines + [f"WRONG: {fault}" for fault in self.faults])


@dataclass
class Soak:
    """One run on one stack."""

    plan: Plan
    place: Place
    client: Client
    watch: Watch
    folder: Path
    pool: ThreadPoolExecutor
    deserved: dict[str, Deserved] = field(default_factory=dict)
    reports: dict[str, UploadReport] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)
    retried: int = 0

    # ── The story ─────────────────────────────────────────────────────────────────────────────────────────────

    def run(self) -> None:
        """Everything that a user does, with restarts in the midst."""
        uploads = [self._upload(SHOP, self.plan.good, self.plan.copies, self.plan.bad)]
        if self.plan.large:
            uploads.append(self._upload(HEAVY, self.plan.large, 0, 0))
        self._cancel_a_session()
        for share in self.plan.restarts_in_upload:
            self._wait(lambda share=share: self._share(SHOP, "upload") >= share, f"{share:.0%} of the uploads")
            self.place.restart()
        for project, upload in uploads:
            self.reports[project] = upload.result(self.plan.story_s)
        self._cancel_a_quality_job()
        projects = [project for project, _ in uploads]
        for project in projects:
            self.client.start_quality_job(project, QualityOptions(batch_size=50, only_missing=False))
        for share in self.plan.restarts_in_scoring:
            self._wait(lambda share=share: self._share(SHOP, "quality") >= share, f"{share:.0%} of the scores")
            self.place.restart()
        self._wait(lambda: all(self._latest_has_ended(project) for project in projects), "the quality jobs to end")

    def _upload(self, project: str, good: int, copies: int, bad: int) -> tuple[str, Future[UploadReport]]:
        size = {"size": LARGE} if project == HEAVY else {}
        self.deserved[project] = write_images(self.folder / project, good, copies, bad, **size)
        return project, self.pool.submit(upload_files, self.client, [self.folder / project], project)

    def _cancel_a_session(self) -> None:
        """Open a second session, send two thirds of it, cancel it while it is at work, and send the rest too."""
        write_images(self.folder / CUT_OFF, self.plan.cut_off, 0, 0)
        paths = sorted((self.folder / CUT_OFF).iterdir())
        types = {".jpg": "image/jpeg", ".png": "image/png", ".webp": "image/webp"}
        files = [NewFile(path.name, types[path.suffix], path.stat().st_size) for path in paths]
        session = self.client.create_upload(CUT_OFF, files)
        early = len(paths) * 2 // 3
        self._post(session, paths, 0, early)
        self._wait(lambda: self._moved(CUT_OFF, "upload"), "the second session to begin")
        self._cancel(session.job_id)
        self._post(session, paths, early, len(paths))

    def _post(self, session: UploadSession, paths: list[Path], start: int, end: int) -> None:
        for granted, path in list(zip(session.uploads, paths, strict=True))[start:end]:
            if granted.upload:
                self.client.storage.post_file(granted.upload, path, lambda _: None)

    def _cancel_a_quality_job(self) -> None:
        started = self.client.start_quality_job(SHOP, QualityOptions(batch_size=5, delay_ms=2000, only_missing=False))
        self._wait(lambda: self._moved(SHOP, "quality"), "the first quality job to begin")
        self._cancel(started.job_id)

    def _cancel(self, job_id: str) -> None:
        receipt = self.client.cancel_job(job_id)
        if not receipt.has_right_sum:
            self.faults.append(f"{job_id}: the receipt does not add up: {receipt}")
        if receipt.status != "cancelled":
            self.faults.append(f"{job_id} could not be cancelled in mid-run, it was {receipt.status}")

    # ── Waiting ───────────────────────────────────────────────────────────────────────────────────────────────

    def _wait(self, condition: object, what: str) -> None:
        if not until(condition, self.plan.story_s):  # type: ignore[arg-type]
            self.faults.append(f"waited {self.plan.story_s:.0f} s for {what}")

    def _newest(self, project: str, kind: str) -> Job | None:
        return next(reversed(self.watch.of_project(project, kind)), None)

    def _moved(self, project: str, kind: str) -> bool:
        job = self._newest(project, kind)
        return job is not None and job.processing + job.ended_tasks > 0

    def _share(self, project: str, kind: str) -> float:
        job = self._newest(project, kind)
        return job.ended_tasks / job.total if job and job.total else 0.0

    def _latest_has_ended(self, project: str) -> bool:
        jobs = self.watch.of_project(project, "quality")
        return bool(jobs) and all(job.is_ended for job in jobs) and jobs[-1].status == "completed"

    def settle(self) -> None:
        """Wait, bounded, until every job has ended, nothing is in flight and every queue is empty."""
        if not until(self._is_quiet, self.plan.settle_s):
            still = [f"{job.job_id} is {job.status}" for job in self.watch.jobs.values() if not self._is_over(job)]
            self.faults.append(f"not at rest after {self.plan.settle_s:.0f} s: {still}, queues {self._waiting()}")

    def _is_quiet(self) -> bool:
        return all(self._is_over(job) for job in self.watch.jobs.values()) and not self._waiting()

    def _is_over(self, job: Job) -> bool:
        return job.is_ended and job.processing == 0

    def _waiting(self) -> dict[str, int]:
        """Queue → its messages, seen or unseen, where there are any."""
        found = {}
        for url in sqs().list_queues()["QueueUrls"]:
            attributes = sqs().get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
            waiting = int(attributes["ApproximateNumberOfMessages"])
            waiting += int(attributes["ApproximateNumberOfMessagesNotVisible"])
            if waiting:
                found[url.rsplit("/", 1)[1]] = waiting
        return found

    def retry_the_unlucky(self) -> None:
        """A task whose worker was killed in all four attempts fails, as it should; the remedy is a retry."""
        for job in [job for job in self.watch.jobs.values() if job.failed]:
            tasks = all_tasks(self.place.output("JobsTableName"), job.job_id)
            died = [task for task in tasks if task.error and task.error.code == "worker_died"]
            if died and job.status != "cancelled":
                self.watch.reopened(job.job_id)
                self.retried += self.client.retry_failed(job.job_id).reopened

    # ── The verdict ───────────────────────────────────────────────────────────────────────────────────────────

    def judge(self) -> Result:
        """Compare what is there with what must be."""
        jobs = [job for listed in self.watch.jobs if (job := self.client.get_job(listed))]
        ledger = read_ledger(self.place.output("CatalogTableName"))
        result = Result(self.faults + self.watch.wrong, figures=read_logs(Path(self.place.stack.folder)))
        attempts: Counter[int] = Counter()
        outcomes: Counter[str] = Counter()
        for job in jobs:
            tasks = all_tasks(self.place.output("JobsTableName"), job.job_id)
            counters = {name: getattr(job, name) for name in ("total", "processed", "failed", "skipped")}
            result.faults += task_faults(job.job_id, counters, tasks, job.status == "cancelled")
            attempts.update(number for task in tasks for number in task.attempts.values())
            outcomes.update(str(task.outcome or "none") for task in tasks)
            if job.status != "cancelled":
                result.faults += self._undeserved(job, [(task.filename, task.outcome, task.error) for task in tasks])
        for project, deserved in self.deserved.items():
            wanted = len([name for name in deserved if name.startswith("good")])
            found = len([asset for asset in ledger.assets.values() if asset.project == project])
            if wanted != found:
                result.faults.append(f"{project}: {wanted} different good images, {found} assets")
        result.faults += ledger_faults(ledger, self.place)
        result.accepted, result.scored = outcomes[Outcome.CREATED], outcomes[Outcome.SCORED]
        result.lines += [
            f"jobs       {', '.join(f'{job.kind} {job.status} {job.ended_tasks}/{job.total}' for job in jobs)}",
            f"outcomes   {dict(outcomes)}",
            f"attempts   {dict(sorted(attempts.items()))}  (stages by number of attempts)",
            f"ledger     {len(ledger.assets)} assets, {ledger.rendition_count} renditions",
            f"polls      {self.watch.polls}",
        ]
        return result

    def _undeserved(self, job: Job, tasks: list[tuple[str, Outcome | None, object]]) -> list[str]:
        """Tasks whose outcome is not what their file deserves."""
        if job.kind == "quality":
            wrong = [f"{name}: {outcome} {error}" for name, outcome, error in tasks if outcome is not Outcome.SCORED]
        else:
            deserved = self.deserved.get(job.project, {})
            wrong = [
                f"{name}: {outcome} {error}"
                for name, outcome, error in tasks
                if (getattr(error, "code", None) or outcome) not in deserved.get(name, ())
            ]
        return [f"{job.job_id}: {len(wrong)} undeserved outcomes: {wrong[:SHOWN]}"] if wrong else []


def ratios(figures: Figures, accepted: int, scored: int) -> list[str]:
    """Invocations per image: as published, which is what the alarm sees, and as they were."""
    published = figures.published
    images = published["ImagesAccepted"] + published["ImagesScored"]
    uploads, backfill = figures.invocations(*UPLOADS), figures.invocations("BackfillQueue")
    ran, died = (
        sum(count for name, count in counter.items() if "Queue" in name) for counter in (figures.ran, figures.died)
    )
    return [
        (
            f"published  Invocations {published['Invocations']}, ImagesAccepted {published['ImagesAccepted']}, "
            f"ImagesScored {published['ImagesScored']}; Invocations / (accepted + scored) = "
            f"{_per(published['Invocations'], images)}"
        ),
        (f"invoked    {ran + died} times by queues, of which {died} died and {figures.returned} handed messages back"),
        (
            f"ratio      {_per(uploads, accepted)} invocations per accepted image (validate, renditions, quality), "
            f"{_per(backfill, scored)} per scored image (quality jobs)"
        ),
    ]


def keep_logs(folder: Path) -> None:
    """The logs of a run that found something outlive its stack."""
    KEPT_LOGS.mkdir(parents=True, exist_ok=True)
    for log in folder.glob("emulator*.log"):
        shutil.copyfile(log, KEPT_LOGS / log.name)


def _per(count: int, of: int) -> str:
    return f"{count / of:.2f}" if of else "none"


@contextmanager
def _soaking(plan: Plan, stack: Stack) -> Iterator[Soak]:
    place = Place(stack)
    with (
        tempfile.TemporaryDirectory(prefix="soak-") as folder,
        ThreadPoolExecutor(4) as pool,
        # Closed first: an upload that waits for its end then ends.
        Client(stack.api_url, stack.tenant_key, retries=PATIENT) as client,
        # The poller asks again by itself.
        Client(stack.api_url, stack.tenant_key, retries=RetryPolicy(attempts=1)) as polling,
    ):
        yield Soak(plan, place, client, Watch(polling, PROJECTS), Path(folder), pool)


def soak(plan: Plan, stack: Stack) -> Result:
    """Run the plan on a persistent stack at the scale `rehearsal`, and judge what is left."""
    started = time.monotonic()
    with _soaking(plan, stack) as run:
        tenant = next(iter(TenantStore(run.place.output("CatalogTableName")).all_tenants()))
        chance = random.Random(plan.seed)
        killer, staller = Killer(run.place, chance), Staller(run.place, chance)
        copier, reconciler = Copier(run.place, tenant, PROJECTS), Reconciler(run.place)
        chaos, calm = Repeating(), Repeating()
        calm.every(0.5, run.watch)
        calm.every(plan.reconcile_every_s, reconciler)
        chaos.every(1, copier)
        chaos.every(plan.kill_every_s, killer)
        chaos.every(plan.stall_every_s, staller)
        with calm.stopped_after():
            with chaos.stopped_after():
                run.run()
            chaos_s = time.monotonic() - started
            run.settle()
            run.retry_the_unlucky()
            if run.retried:
                run.settle()
        result = run.judge()
        figures = result.figures
        harm = {"killed": killer.killed.total(), "copied": copier.copied.total(), "restarted": run.place.restarts}
        result.faults += [f"nothing was {what}, so the run proves little" for what, count in harm.items() if not count]
        if result.faults:
            keep_logs(Path(stack.folder))
        result.lines = [
            f"duration   {time.monotonic() - started:.0f} s, {chaos_s:.0f} s of it with chaos",
            (
                f"images     {sum(len(files) for files in run.deserved.values())} files, and {plan.cut_off} "
                "in the session that was cancelled"
            ),
            f"copied     {sum(copier.copied.values())} messages sent twice: {dict(copier.copied)}",
            f"killed     {sum(killer.killed.values())} workers: {dict(killer.killed)}; {staller.stalled} stopped",
            f"timed out  {figures.timed_out} invocations",
            (
                f"restarts   {run.place.restarts} of the emulator; {reconciler.invoked} rounds of reconcile; "
                f"{run.retried} tasks retried whose four attempts were all killed"
            ),
            *result.lines,
            *ratios(figures, result.accepted, result.scored),
            (
                f"logged     {len(figures.unexpected)} unexpected errors; calls that met a restart or a dead worker: "
                f"{dict(chaos.faults + calm.faults)}"
            ),
        ]
        return result


def main(argv: list[str] | None = None) -> int:
    """Entry point of `python -m tools.soak`."""
    parser = argparse.ArgumentParser(description="Images through a pipeline that is being broken; then count again.")
    parser.add_argument("--short", action="store_true", help="a tenth of the images, one restart")
    parser.add_argument("--seed", type=int, default=1, help="of the choice of victims")
    parser.add_argument("--assets", type=int, default=20_000, help="assets of the dispatch that is measured; 0: none")
    parser.add_argument("--only-dispatch", action="store_true", help="measure the dispatch alone")
    options = parser.parse_args(argv)
    plan = replace(SHORT if options.short else FULL, seed=options.seed)
    faults: list[str] = []
    if not options.only_dispatch:
        with throwaway_stack(PARAMETERS, print, persistent=True) as stack, clients_of(stack):
            result = soak(plan, stack)
            print(result.text, flush=True)
            faults += result.faults
    if options.assets:
        with throwaway_stack(PARAMETERS, print) as stack, clients_of(stack):
            measured = measure_dispatch(stack, options.assets)
            print("\n".join(measured.lines + [f"WRONG: {fault}" for fault in measured.faults]), flush=True)
            faults += measured.faults
    print(f"{len(faults)} things are wrong" if faults else "Nothing was lost, counted twice or left open")
    return 1 if faults else 0
