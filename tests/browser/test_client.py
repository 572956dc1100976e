"""console/client.js by itself: what other people build their own pages on."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Console, answering, new_files
from tests.browser.test_upload import choose


class OtherPage(BaseHTTPRequestHandler):
    """A page with a file input, and no policy."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(
            b"<!doctype html><link rel=icon href=data:,><input type=file data-choose=files multiple><output>"
        )

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def elsewhere() -> Iterator[str]:
    """The address of a page of another origin."""
    with ThreadingHTTPServer(("127.0.0.1", 0), OtherPage) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


def test_page_of_another_origin_uploads_and_watches(
    console: Console, client_url: str, elsewhere: str, tmp_path: Path, project: str
) -> None:
    page = console.page()
    # The emulator says nothing of CORS to a preflight, as API Gateway and S3 do; Playwright answers those it routes.
    page.route("**", lambda route: route.continue_())
    page.goto(elsewhere)
    choose(page, new_files(tmp_path, 2))

    page.evaluate(
        """async ([client, key, project]) => {
          const { Darkroom, UploadJob } = await import(client);
          const job = new UploadJob(new Darkroom({ url: new URL("../", client), key }), project);
          const output = document.querySelector("output");
          job.subscribe(({ job: counts }) => (output.textContent = `${job.isComplete} ${counts?.processed}`));
          await job.start(document.querySelector("input").files);
        }""",
        [client_url, console.stack.tenant_key, project],
    )

    expect(page.locator("output")).to_have_text("true 2")


def test_news_that_come_late_twice_or_with_a_gap_are_folded_right(console: Console, client_url: str) -> None:
    page = console.open("demo/settings")

    found = page.evaluate(
        """async (url) => {
          const { fold, nothingKnown } = await import(url);
          const job = (seq, more) => ({ status: "processing", seq, epoch: 1, ...more });
          const task = (seq, status) => ({ task_id: "t00000", seq, status });
          let state = nothingKnown();
          return [
            { after: 0, seq: 5, job: job(5), tasks: [task(4, "processing")] },
            { after: 5, seq: 7, events: [{ task: task(7, "completed") }, { job: job(7) }] },
            { after: 5, seq: 6, events: [{ task: task(6, "processing") }, { job: job(6) }] },
            { after: 9, seq: 10, events: [{ job: job(10) }] },
            { after: 7, seq: 11, job: job(11, { status: "completed" }), tasks: [] },
          ].map((message) => {
            state = fold(state, message);
            return [state.since, state.job.seq, state.job.status, state.tasks.get("t00000").status];
          });
        }""",
        client_url,
    )

    assert found == [
        [5, 5, "processing", "processing"],
        [7, 7, "processing", "completed"],
        [7, 7, "processing", "completed"],
        [7, 10, "processing", "completed"],
        [11, 11, "completed", "completed"],
    ]


MATCHED = """async ([client, names, tasks]) => {
  const { Darkroom, UploadJob } = await import(client);
  const job = new UploadJob(new Darkroom({ url: location.href, key: "" }), "p");
  job.send = () => {};
  tasks.forEach(([filename, status], n) => job.state.tasks.set(`t${n}`, { task_id: `t${n}`, filename, status }));
  const count = job.match(names.map((name, n) => new File([String(n)], name)));
  const given = Array.from(job.sendings, async ([taskId, { file }]) => [taskId, await file.text()]);
  return { count, given: Object.fromEntries(await Promise.all(given)) };
}"""


@pytest.mark.parametrize(
    ("names", "tasks", "given"),
    [
        (["b", "a"], [("a", "pending"), ("b", "completed")], {"t0": "1"}),
        (["a", "a"], [("a", "pending"), ("a", "pending")], {"t0": "0", "t1": "1"}),
        (["a", "a"], [("a", "completed"), ("a", "pending")], {"t1": "1"}),
        (["a"], [("a", "completed"), ("a", "pending")], {"t1": "0"}),
        (["a", "a"], [("a", "pending")], {"t0": "0"}),
        (["x" * 600 + ".jpg"], [("x" * 508 + ".jpg", "pending")], {"t0": "0"}),
    ],
    ids=["by name", "equal names", "one arrived", "only the one that waits", "one too many", "long name"],
)
def test_files_that_are_chosen_again_go_to_the_tasks_that_wait_for_them(
    console: Console, client_url: str, names: list[str], tasks: list[tuple[str, str]], given: dict[str, str]
) -> None:
    page = console.open("demo/settings")

    found = page.evaluate(MATCHED, [client_url, names, tasks])

    assert found == {"count": len(given), "given": given}


def test_nothing_more_is_sent_for_a_job_that_somebody_else_has_cancelled(console: Console, client_url: str) -> None:
    page = console.open("demo/settings")

    found = page.evaluate(
        """async (url) => {
          const { Darkroom, UploadJob } = await import(url);
          const job = new UploadJob(new Darkroom({ url: location.href, key: "" }), "p");
          const file = new File([], "a.jpg");
          for (const status of ["sent", "waiting"]) job.sendings.set(status, { file, status, sent: 0 });
          const { signal } = (job.sending = new AbortController());
          const before = job.isSending;
          job.learn({ after: 0, seq: 1, job: { status: "cancelled", seq: 1 }, tasks: [] });
          job.sending = null;
          job.send();
          return [before, signal.aborted, job.isSending, job.sending];
        }""",
        client_url,
    )

    assert found == [True, True, False, None]


def test_states_of_a_job_have_names(console: Console, client_url: str) -> None:
    page = console.open("demo/settings")

    names = page.evaluate(
        """async (url) => {
          const { Darkroom, Job, nothingKnown } = await import(url);
          const names = ["isIdle", "isProcessing", "isComplete", "isFailed", "isCancelled"];
          const found = {};
          for (const status of ["idle", "pending", "processing", "completed", "failed", "cancelled"]) {
            const job = new Job(new Darkroom({ url: location.href, key: "" }), "p");
            job.state = { ...nothingKnown(), job: { status } };
            found[status] = names.filter((name) => job[name]);
          }
          return found;
        }""",
        client_url,
    )

    assert names == {
        "idle": ["isIdle"],
        "pending": ["isProcessing"],
        "processing": ["isProcessing"],
        "completed": ["isComplete"],
        "failed": ["isFailed"],
        "cancelled": ["isCancelled"],
    }


def test_quality_job_of_a_project_without_one_is_idle(console: Console, client_url: str, project: str) -> None:
    page = console.open("demo/settings")

    found = page.evaluate(
        """async ([url, key, project]) => {
          const { Darkroom, QualityJob } = await import(url);
          const job = new QualityJob(new Darkroom({ url: new URL("../", url), key }), project);
          const { job: counts } = await job.progress();
          return [job.isIdle, counts, (await job.cancel()).status];
        }""",
        [client_url, console.stack.tenant_key, project],
    )

    assert found == [True, None, "idle"]


ANSWERING = """const answering = (answers) => {
  const asked = [];
  globalThis.fetch = async (url) => {
    const [path] = new URL(url).href.split("/v1/")[1].split("?");
    asked.push(path);
    return new Response(JSON.stringify(await answers[path]));
  };
  return asked;
};
const job = (job_id, status, seq) => ({ job_id, status, seq, processing: 0, poll_after_ms: 10 });
const progress = "projects/p/analytics/quality-progress";
"""
"""For a page's script: `answering` answers each path as it says, and gives the paths that are asked for."""


def test_quality_job_that_is_at_work_is_found_before_it_is_told_of_or_cancelled(
    console: Console, client_url: str
) -> None:
    page = console.open("demo/settings")

    found = page.evaluate(
        f"""async (url) => {{
          {ANSWERING}
          const {{ Darkroom, QualityJob }} = await import(url);
          const fresh = () => new QualityJob(new Darkroom({{ url: location.href, key: "" }}), "p");
          const at = job("job_1", "processing", 1);
          const asked = answering({{ [progress]: at, "jobs/job_1": at, "jobs/job_1/cancel": {{ in_flight: 3 }} }});
          return [(await fresh().progress()).job.status, (await fresh().cancel()).in_flight, asked];
        }}""",
        client_url,
    )

    assert found[:2] == ["processing", 3]
    assert found[2][:2] == ["projects/p/analytics/quality-progress", "jobs/job_1"]
    assert found[2][2:4] == ["projects/p/analytics/quality-progress", "jobs/job_1/cancel"]


@pytest.mark.parametrize("late", ["poll", "find"])
def test_late_answer_about_a_former_job_changes_nothing(console: Console, client_url: str, late: str) -> None:
    page = console.open("demo/settings")

    found = page.evaluate(
        f"""async ([url, late]) => {{
          {ANSWERING}
          const {{ Darkroom, QualityJob }} = await import(url);
          const quality = new QualityJob(new Darkroom({{ url: location.href, key: "" }}), "p", "job_1");
          let tell;
          const former = new Promise((resolve) => (tell = () => resolve(job("job_1", "cancelled", 9))));
          answering({{
            [progress]: former,
            "jobs/job_1": former,
            "jobs/job_2": job("job_2", "processing", 1),
            "projects/p/analytics/start-quality-job": {{ job_id: "job_2" }},
          }});
          const waiting = quality[late]();
          await quality.start();
          tell();
          await waiting;
          const known = quality.state.job;
          return [known, (await quality.progress()).job.job_id];
        }}""",
        [client_url, late],
    )

    assert found == [None, "job_2"]


def test_listener_that_fails_does_not_end_the_watching(console: Console, client_url: str) -> None:
    console.expect("of the listener")
    page = console.open("demo/settings")

    told = page.evaluate(
        f"""async (url) => {{
          {ANSWERING}
          const {{ Darkroom, Job }} = await import(url);
          const found = new Job(new Darkroom({{ url: location.href, key: "" }}), "p", "job_1");
          answering({{ "jobs/job_1": job("job_1", "completed", 1) }});
          return new Promise((resolve) => {{
            found.subscribe(({{ job }}) => {{
              if (job) throw new Error("of the listener");
            }});
            found.subscribe(({{ job }}) => job && setTimeout(() => resolve([job.status, found.watch])));
          }});
        }}""",
        client_url,
    )

    assert told == ["completed", None]


def test_nothing_listens_on_when_a_wait_or_a_file_is_over(console: Console, client_url: str) -> None:
    console.context.route("**/s3", answering(status=204))
    page = console.open("demo/settings")

    count = page.evaluate(
        """async (url) => {
          const { sendFile } = await import(url);
          const { sleep } = await import(new URL("api.js", url));
          const { signal } = new AbortController();
          let count = 0;
          const [add, remove] = [signal.addEventListener, signal.removeEventListener];
          signal.addEventListener = (...one) => (count++, add.apply(signal, one));
          signal.removeEventListener = (...one) => (count--, remove.apply(signal, one));
          await sleep(1, signal);
          await sendFile({ url: new URL("../s3", url), fields: {} }, new File(["a"], "a.jpg"), { signal });
          await new Promise((resolve) => setTimeout(resolve, 50));
          return count;
        }""",
        client_url,
    )

    assert count == 0
