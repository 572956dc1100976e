/** A job of any kind: what is known of it, and how news of it come. */

import { Problem, backoff, sleep } from "./api.js";
import { Live } from "./live.js";

export const ENDED = ["completed", "failed", "cancelled"];
const FAILURES_TO_TELL = 5;

/** @import { Darkroom } from "./api.js" */
/** @import { JobStatus, JobView, State, Task } from "./types.js" */

/** @returns {State} */
export const nothingKnown = () => ({
  job: null,
  tasks: new Map(),
  since: 0,
  isCancelling: false,
  trouble: null,
  by: null,
});

const isOlder = (news, known) => news.seq < (known?.seq ?? 0);

/**
 * What is known after a message: a pushed one (`snapshot`, `events`), or an answer of the API in the form of a snapshot.
 * A job or task that is older than the one known is passed over, so messages may come twice, late and out of order.
 * The map of tasks is kept and written to; everything else is new.
 * @param {State} state
 * @param {{after: number, seq: number, job?: JobView, tasks?: Task[], events?: {job?: JobView, task?: Task}[]}} message
 * @returns {State} with `since` where it was when the message does not follow on what is known: something is missing
 */
export function fold(state, { after, seq, job: whole, tasks, events = [] }) {
  let job = state.job;
  for (const found of whole ? [whole] : events.map((event) => event.job))
    if (found && !isOlder(found, job)) job = found;
  for (const found of tasks ?? events.map((event) => event.task)) {
    if (found && !isOlder(found, state.tasks.get(found.task_id))) state.tasks.set(found.task_id, found);
  }
  const since = after <= state.since ? Math.max(state.since, seq) : state.since;
  return { ...state, job, since, isCancelling: state.isCancelling && !ENDED.includes(job?.status) };
}

/** A job of any kind: watched while somebody subscribes. */
export class Job {
  /** @param {Darkroom} api @param {string} project @param {string | null} [jobId] one that is there already */
  constructor(api, project, jobId = null) {
    this.api = api;
    this.project = project;
    this.jobId = jobId;
    this.state = nothingKnown();
    /** @type {Set<(state: State) => void>} */
    this.listeners = new Set();
    this.wantsTasks = false;
    this.isListed = false;
    this.etag = null;
    this.watch = null;
  }

  /** @returns {JobStatus} */
  get status() {
    return this.state.job?.status ?? "idle";
  }
  get isIdle() {
    return this.status === "idle";
  }
  get isProcessing() {
    return this.status === "pending" || this.status === "processing";
  }
  get isComplete() {
    return this.status === "completed";
  }
  get isFailed() {
    return this.status === "failed";
  }
  get isCancelled() {
    return this.status === "cancelled";
  }
  get isEnded() {
    return ENDED.includes(this.status);
  }

  /** What is known now; asks the API first. @returns {Promise<State>} @throws {Problem} */
  async progress() {
    await this.poll();
    return this.state;
  }

  /**
   * Be told of every change until the job has ended. @param {(state: State) => void} listener
   * @returns {() => void} to be called when it is of no interest any more
   */
  subscribe(listener) {
    this.listeners.add(listener);
    listener(this.state);
    this.resume();
    return () => {
      this.listeners.delete(listener);
      if (!this.listeners.size) this.stop();
    };
  }

  /** Nothing else of the job begins; what is in flight ends. @returns {Promise<any>} a receipt that adds up */
  async cancel() {
    this.change({ isCancelling: true });
    let receipt;
    try {
      receipt = await this.api.post(`v1/jobs/${this.jobId}/cancel`, {}, { tries: 4 });
    } catch (error) {
      this.change({ isCancelling: false });
      throw error;
    }
    await this.catchUp();
    return receipt;
  }

  /** What failed, once more: the same job in a new epoch. @returns {Promise<any>} */
  async retryFailed() {
    let answer;
    do answer = await this.api.post(`v1/jobs/${this.jobId}/retry-failed`);
    while (answer.has_more);
    this.etag = null;
    await this.catchUp();
    return answer;
  }

  /** See at once what a request has changed. That was done, also where asking fails: watching goes on until it is seen. */
  async catchUp() {
    try {
      await this.poll();
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
    }
    this.resume();
  }

  /** Go on watching: after a new key, or once the job was reopened. */
  resume() {
    if (this.watch || !this.jobId || !this.listeners.size) return;
    this.change({ trouble: null });
    this.watch = new AbortController();
    const { signal } = this.watch;
    void this.follow(signal).finally(() => {
      if (this.watch?.signal === signal) this.watch = null;
    });
  }

  /** Watch no longer. */
  stop() {
    this.watch?.abort();
    this.watch = null;
  }

  /** @param {Partial<State>} change */
  change(change) {
    this.state = { ...this.state, ...change };
    for (const listener of this.listeners)
      try {
        listener(this.state);
      } catch (error) {
        reportError(error);
      }
  }

  /** @param {Parameters<typeof fold>[1]} message */
  learn(message) {
    this.change(fold(this.state, message));
  }

  async follow(signal) {
    let failures = 0;
    const live = new Live(this, signal);
    while (!signal.aborted) {
      let wait;
      try {
        await this.poll(signal);
        failures = 0;
        if (this.state.trouble) this.change({ trouble: null });
        if (this.isSettled) break;
        if (await live.run()) continue;
        if (this.state.by !== "poll") this.change({ by: "poll" });
        wait = this.state.job?.poll_after_ms ?? 2000;
      } catch (error) {
        if (signal.aborted || error.name === "AbortError") return;
        if (!(error instanceof Problem)) throw error;
        if (this.isHopeless(error)) break;
        failures += 1;
        if (failures >= FAILURES_TO_TELL) this.change({ trouble: { kind: "unreachable", failures, error } });
        wait = backoff(failures);
      }
      await sleep(wait, signal);
    }
  }

  /** Whether nothing more is to come: a cancelled job's last images may still be at work. */
  get isSettled() {
    return this.isEnded && !this.state.job.processing;
  }

  isHopeless(error) {
    if (error.isTransient) return false;
    const kind = error.isAboutKey ? "key" : error.status === 410 || error.status === 404 ? "expired" : "refused";
    this.change({ trouble: { kind, failures: 1, error }, isCancelling: false });
    return true;
  }

  /** Ask for the counters and for the tasks that changed since the last time. 304 when nothing did. */
  async poll(signal) {
    const { jobId } = this;
    if (!jobId) return;
    const path = `v1/jobs/${jobId}`;
    const after = this.state.since;
    const query = !this.wantsTasks ? {} : this.isListed ? { changed_since: after } : { tasks: "all" };
    const headers = this.etag ? { "If-None-Match": this.etag } : {};
    const first = await this.api.answer("GET", path, { query, signal, headers });
    if (first.status === 304) return;
    const { tasks, next_cursor: cursor, ...job } = first.data;
    const changed = [...(tasks ?? [])];
    if (cursor)
      for await (const page of this.api.pages(path, { ...query, cursor }, { signal })) changed.push(...page.tasks);
    if (jobId !== this.jobId) return;
    this.isListed = true;
    this.etag = first.etag;
    // What changes while the pages are read has a later number than the first page's.
    this.learn({ after, seq: job.seq, job, tasks: changed });
  }
}
