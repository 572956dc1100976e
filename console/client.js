/**
 * Darkroom for web pages: the API, and one job at a time to start, watch and cancel.
 *
 *     import { Darkroom, UploadJob } from "…/api/console/client.js";
 *     const job = new UploadJob(new Darkroom({ url: "…/api/", key }), "holiday");
 *     job.subscribe((state) => console.log(state.job?.progress_pct));
 *     await job.start(input.files);
 *
 * It needs nothing but a browser, and stores nothing.
 */

/** @typedef {"pending" | "processing" | "completed" | "failed" | "cancelled" | "idle"} JobStatus */
/** @typedef {{code: string, detail: string, limit?: number | null, measured?: number | null}} TaskError */
/**
 * @typedef {object} Task
 * @property {string} task_id
 * @property {string} filename
 * @property {"pending" | "processing" | "completed" | "failed" | "skipped"} status
 * @property {number} progress_pct
 * @property {string | null} outcome
 * @property {string | null} asset_id
 * @property {string | null} thumbnail_url
 * @property {Record<string, string>} stages
 * @property {TaskError | null} error
 * @property {number} seq
 */
/**
 * @typedef {object} JobView
 * @property {string | null} job_id
 * @property {string} kind
 * @property {string} project
 * @property {JobStatus} status
 * @property {number | null} total
 * @property {number} pending
 * @property {number} processing
 * @property {number} processed
 * @property {number} failed
 * @property {number} skipped
 * @property {number} remaining
 * @property {number} progress_pct
 * @property {number | null} eta_s
 * @property {number} poll_after_ms
 * @property {number} seq
 * @property {number} epoch
 */
/**
 * What is known of a job. Never older than what was known before.
 * @typedef {object} State
 * @property {JobView | null} job
 * @property {Map<string, Task>} tasks  by task_id
 * @property {number} since  the last change that is known with all before it
 * @property {boolean} isCancelling  asked for, and not yet confirmed
 * @property {Trouble | null} trouble
 * @property {"push" | "poll" | null} by  how news come
 */
/**
 * Why nothing new is known. `expired`: the job's records are gone. `key`: the key does not work any more; give another
 * and call `resume()`. `unreachable`: `failures` polls in a row failed; it goes on trying.
 * @typedef {{kind: "expired" | "key" | "unreachable", failures: number, error: Error}} Trouble
 */

export const ENDED = ["completed", "failed", "cancelled"];
const MAX_WAIT_MS = 32_000;
const FAILURES_TO_TELL = 5;
const PING_MS = 45_000;
const STATUS_OF_CODE = { not_found: 404, expired: 410, revoked_key: 401, expired_key: 401, invalid_key: 401 };

/** What the API said no with. `status` 0: it could not be reached. */
export class Problem extends Error {
  /** @param {number} status @param {any} body a problem document (RFC 9457) */
  constructor(status, body = {}) {
    super(body.detail || body.title || "Darkroom cannot be reached.");
    this.status = status;
    /** @type {string} */
    this.code = body.code ?? (status ? "bad_answer" : "unreachable");
    this.body = body;
  }

  /** Whether the same request may do later. */
  get isTransient() {
    return this.status === 0 || this.status === 429 || this.status >= 500;
  }

  /** Whether another key is needed. */
  get isAboutKey() {
    return this.status === 401;
  }
}

/** @param {number} failures @returns {number} 1, 2, 4 … 32 seconds in ms, give or take a quarter */
export const backoff = (failures) => Math.min(MAX_WAIT_MS, 1000 * 2 ** (failures - 1)) * (0.75 + Math.random() / 4);

/** @param {number} ms @param {AbortSignal} [signal] ends the wait early, without an error */
export const sleep = (ms, signal) =>
  new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal?.addEventListener("abort", () => (clearTimeout(timer), resolve(undefined)), { once: true });
  });

/** The API with a key. */
export class Darkroom {
  /** @param {{url: string | URL, key: string}} options url: up to and including the stage, `…/api/` */
  constructor({ url, key }) {
    this.url = new URL(String(url).replace(/\/?$/, "/"));
    this.key = key;
  }

  /**
   * One request. Reading is tried again three times when the service is busy; writing is not.
   * @param {string} method
   * @param {string} path under the stage, `v1/…`
   * @param {{query?: object, json?: object, body?: BodyInit, headers?: Record<string, string>, signal?: AbortSignal, tries?: number}} [options]
   * @returns {Promise<any>} the answer's JSON
   * @throws {Problem}
   */
  async request(method, path, options = {}) {
    const tries = options.tries ?? (method === "GET" ? 3 : 1);
    for (let attempt = 1; ; attempt++) {
      try {
        return (await this.answer(method, path, options)).data;
      } catch (error) {
        if (!(error instanceof Problem && error.isTransient) || attempt >= tries) throw error;
        await sleep(backoff(attempt) / 2, options.signal);
      }
    }
  }

  /** As `request`, once, with the status and the entity tag. @returns {Promise<{status: number, etag: string | null, data: any}>} */
  async answer(method, path, { query = {}, json, body, headers = {}, signal } = {}) {
    const url = new URL(path, this.url);
    for (const [name, value] of Object.entries(query)) if (value !== undefined && value !== null) url.searchParams.set(name, value);
    const sent = { Authorization: `Bearer ${this.key}`, ...headers };
    if (json !== undefined) sent["Content-Type"] = "application/json";
    let response;
    try {
      response = await fetch(url, { method, headers: sent, body: json === undefined ? body : JSON.stringify(json), signal, cache: "no-store" });
    } catch (error) {
      if (error.name === "AbortError") throw error;
      throw new Problem(0);
    }
    const text = await response.text().catch(() => "");
    const data = text && response.status !== 304 ? parsed(text) : null;
    if (!response.ok && response.status !== 304) throw new Problem(response.status, data ?? {});
    return { status: response.status, etag: response.headers.get("ETag"), data };
  }

  get = (path, query, options) => this.request("GET", path, { query, ...options });
  post = (path, query, options) => this.request("POST", path, { query, ...options });
  put = (path, json, options) => this.request("PUT", path, { json, ...options });
  delete = (path, options) => this.request("DELETE", path, options);
}

const parsed = (text) => {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
};

/** @returns {State} */
export const nothingKnown = () => ({ job: null, tasks: new Map(), since: 0, isCancelling: false, trouble: null, by: null });

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
  for (const found of whole ? [whole] : events.map((event) => event.job)) if (found && !isOlder(found, job)) job = found;
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
    try {
      const receipt = await this.api.post(`v1/jobs/${this.jobId}/cancel`, {}, { tries: 4 });
      await this.poll();
      this.resume();
      return receipt;
    } catch (error) {
      this.change({ isCancelling: false });
      throw error;
    }
  }

  /** What failed, once more: the same job in a new epoch. @returns {Promise<any>} */
  async retryFailed() {
    const answer = await this.api.post(`v1/jobs/${this.jobId}/retry-failed`);
    this.etag = null;
    this.resume();
    return answer;
  }

  /** Go on watching: after a new key, or once the job was reopened. */
  resume() {
    if (this.watch || !this.jobId || !this.listeners.size) return;
    this.change({ trouble: null });
    this.watch = new AbortController();
    void this.follow(this.watch.signal);
  }

  /** Watch no longer. */
  stop() {
    this.watch?.abort();
    this.watch = null;
  }

  /** @param {Partial<State>} change */
  change(change) {
    this.state = { ...this.state, ...change };
    for (const listener of this.listeners) listener(this.state);
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
        if (this.state.trouble || this.state.by !== "poll") this.change({ trouble: null, by: "poll" });
        if (this.isSettled) break;
        if (await live.run()) continue;
        wait = this.state.job?.poll_after_ms ?? 2000;
      } catch (error) {
        if (signal.aborted || error.name === "AbortError") return;
        if (this.isHopeless(error)) break;
        failures += 1;
        if (failures >= FAILURES_TO_TELL) this.change({ trouble: { kind: "unreachable", failures, error } });
        wait = backoff(failures);
      }
      await sleep(wait, signal);
    }
    if (this.watch?.signal === signal) this.watch = null;
  }

  /** Whether nothing more is to come: a cancelled job's last images may still be at work. */
  get isSettled() {
    return this.isEnded && !this.state.job.processing;
  }

  isHopeless(error) {
    const kind = error.isAboutKey ? "key" : error.status === 410 || error.status === 404 ? "expired" : null;
    if (kind) this.change({ trouble: { kind, failures: 1, error }, isCancelling: false });
    return kind !== null;
  }

  /** Ask for the counters and for the tasks that changed since the last time. 304 when nothing did. */
  async poll(signal) {
    const path = `v1/jobs/${this.jobId}`;
    const after = this.state.since;
    const query = !this.wantsTasks ? {} : this.isListed ? { changed_since: after } : { tasks: "all" };
    const headers = this.etag ? { "If-None-Match": this.etag } : {};
    const first = await this.api.answer("GET", path, { query, signal, headers });
    if (first.status === 304) return;
    const { tasks, next_cursor, ...job } = first.data;
    const changed = [...(tasks ?? [])];
    for (let cursor = next_cursor; cursor; ) {
      const page = await this.api.get(path, { ...query, cursor }, { signal });
      changed.push(...page.tasks);
      cursor = page.next_cursor;
    }
    this.isListed = true;
    this.etag = first.etag;
    // What changes while the pages are read has a later number than the first page's.
    this.learn({ after, seq: job.seq, job, tasks: changed });
  }
}

/** News of one job by WebSocket, as docs/push.md says. Where that fails, polling goes on. */
class Live {
  constructor(job, signal) {
    this.job = job;
    this.signal = signal;
    this.failures = 0;
    this.nextTry = 0;
  }

  /** Until the socket closes. @returns {Promise<boolean>} whether it was open at all; the next poll is due at once */
  async run() {
    if (Date.now() < this.nextTry) return false;
    let isOpen = false;
    try {
      const { url } = await this.job.api.post("v1/realtime/tickets", {}, { signal: this.signal });
      isOpen = await this.listen(url);
    } catch (error) {
      if (error.isAboutKey || this.signal.aborted) throw error;
    }
    this.failures = isOpen ? 0 : this.failures + 1;
    this.nextTry = Date.now() + backoff(this.failures + 1);
    return isOpen;
  }

  listen(url) {
    return new Promise((resolve, reject) => {
      const socket = new WebSocket(url);
      const say = (message) => socket.readyState === WebSocket.OPEN && socket.send(JSON.stringify(message));
      const subscribe = () => say({ action: "subscribe", job_id: this.job.jobId, since: this.job.state.since });
      let isOpen = false;
      let isAlive = true;
      let isAsked = false;
      const heart = setInterval(() => {
        if (!isAlive) return socket.close();
        isAlive = false;
        say({ action: "ping" });
      }, PING_MS);
      const end = (settle) => {
        clearInterval(heart);
        this.signal.removeEventListener("abort", abort);
        socket.onclose = null;
        socket.close();
        settle();
      };
      const abort = () => end(() => reject(new DOMException("stopped", "AbortError")));
      this.signal.addEventListener("abort", abort);
      socket.onopen = () => {
        isOpen = true;
        subscribe();
        this.job.change({ by: "push" });
      };
      socket.onclose = () => end(() => resolve(isOpen));
      socket.onmessage = async ({ data }) => {
        isAlive = true;
        const message = JSON.parse(data);
        if (message.type === "pong" && !message.jobs.includes(this.job.jobId)) subscribe();
        if (message.type === "error") {
          const problem = new Problem(STATUS_OF_CODE[message.code] ?? 503, message);
          if (!problem.isTransient) return end(() => reject(problem));
          setTimeout(subscribe, 1000);
        }
        if (message.job_id !== this.job.jobId || !["snapshot", "events"].includes(message.type)) return;
        const isCut = typeof message.read_on_from === "number";
        if (isCut) message.seq = Math.min(message.seq, message.read_on_from);
        if (message.type === "snapshot") isAsked = message.has_more;
        if (message.after > this.job.state.since && !isAsked) {
          isAsked = true;
          subscribe();
        }
        this.job.learn(message);
        if (isCut || this.job.isSettled) end(() => resolve(true));
      };
    });
  }
}

/** Scores all images of a project. */
export class QualityJob extends Job {
  /** @param {{batch_size?: number, delay_ms?: number, only_missing?: boolean, resume?: boolean}} [options] */
  async start(options = {}) {
    this.stop();
    const started = await this.api.post(`v1/projects/${this.project}/analytics/start-quality-job`, options);
    this.adopt(started.job_id);
  }

  /** What `start` would do. Changes nothing. */
  forecast(options = {}) {
    return this.api.post(`v1/projects/${this.project}/analytics/start-quality-job`, { ...options, dry_run: true });
  }

  /** Find the project's last quality job, if there is one. */
  async find() {
    const job = await this.api.get(`v1/projects/${this.project}/analytics/quality-progress`);
    if (job.job_id) this.adopt(job.job_id);
  }

  adopt(jobId) {
    if (jobId !== this.jobId) {
      this.stop();
      Object.assign(this, { jobId, etag: null, isListed: false, state: nothingKnown() });
    }
    this.resume();
  }
}

/**
 * @typedef {object} Sending  how far one file's way to S3 is
 * @property {File} file
 * @property {"waiting" | "sending" | "sent" | "unsent"} status
 * @property {number} sent  bytes
 * @property {string | null} reason  why it is `unsent`
 */

const PARALLEL = 6;
const SEND_TRIES = 6;
const GRANTS_AT_ONCE = 500;
const GRANT_MARGIN_MS = 30_000;
const HASH_UP_TO_BYTES = 256e6;
export const MAX_FILES = 10_000;
export const CONTENT_TYPES = {
  jpg: "image/jpeg",
  jpeg: "image/jpeg",
  jfif: "image/jpeg",
  mpo: "image/jpeg",
  png: "image/png",
  webp: "image/webp",
  gif: "image/gif",
  tif: "image/tiff",
  tiff: "image/tiff",
  avif: "image/avif",
};

/** @param {File} file @returns {string | undefined} undefined: of no kind that is taken, going by its name */
export const contentType = (file) => CONTENT_TYPES[file.name.split(".").pop().toLowerCase()];

/** @param {File} file @returns {string} with its folders, as it was chosen */
export const nameOf = (file) => file.path ?? (file.webkitRelativePath || file.name);

/** Sends files straight to S3, several at a time, and watches what becomes of them. */
export class UploadJob extends Job {
  constructor(api, project, jobId = null) {
    super(api, project, jobId);
    this.wantsTasks = true;
    /** @type {Map<string, Sending>} by task_id */
    this.sendings = new Map();
    this.grants = new Map();
    this.sending = null;
    /** @type {(() => void) | null} */
    this.renewal = null;
  }

  /**
   * Open a session and send. What the API will not take is left out and returned.
   * @param {Iterable<File>} files up to MAX_FILES
   * @returns {Promise<{file: File, code: string, limit?: number, measured?: number}[]>}
   * @throws {Problem}
   */
  async start(files) {
    const all = [...files];
    const wanted = all.filter(contentType).slice(0, MAX_FILES);
    const refused = all.filter((file) => !contentType(file)).map((file) => ({ file, code: "unsupported_format" }));
    refused.push(...all.filter(contentType).slice(MAX_FILES).map((file) => ({ file, code: "too_many_files", limit: MAX_FILES })));
    let left = wanted;
    const digests = await hashes(wanted);
    while (left.length) {
      try {
        await this.open(left, digests);
        break;
      } catch (error) {
        const wrong = new Map((error.body?.errors ?? []).filter(({ loc }) => loc?.[0] === "files").map((found) => [found.loc[1], found]));
        if (error.status !== 422 || !wrong.size) throw error;
        for (const [index, { code, limit, measured }] of wrong) refused.push({ file: left[index], code, limit, measured });
        left = left.filter((_, index) => !wrong.has(index));
      }
    }
    return refused;
  }

  async open(files, digests) {
    const described = files.map((file) => ({ filename: nameOf(file).slice(-512), content_type: contentType(file), bytes: file.size, ...digests.get(file) }));
    const session = await this.api.post("v1/uploads", {}, { json: { project: this.project, files: described } });
    this.jobId = session.job_id;
    session.uploads.forEach((upload, index) => this.accept(upload, files[index]));
    this.resume();
    this.send();
  }

  /**
   * Give files to the tasks that still wait for them, after the page was closed. Goes by their names.
   * @param {Iterable<File>} files @returns {number} how many were wanted
   */
  match(files) {
    const waiting = new Map([...this.state.tasks.values()].filter(({ status }) => status === "pending").map((task) => [task.filename, task]));
    let matched = 0;
    for (const file of files) {
      const task = waiting.get(nameOf(file));
      if (!task || this.isUnderWay(task.task_id)) continue;
      this.accept({ ...task, upload: null }, file);
      matched += 1;
    }
    this.send();
    return matched;
  }

  isUnderWay(taskId) {
    return ["waiting", "sending", "sent"].includes(this.sendings.get(taskId)?.status);
  }

  accept({ task_id, status, upload }, file) {
    if (status !== "pending") return;
    this.sendings.set(task_id, { file, status: "waiting", sent: 0, reason: null });
    if (upload) this.grants.set(task_id, upload);
  }

  /** Bytes sent and to be sent by this page. */
  get traffic() {
    let sent = 0;
    let total = 0;
    for (const one of this.sendings.values()) {
      sent += one.sent;
      total += one.file.size;
    }
    return { sent, total };
  }

  get isSending() {
    return [...this.sendings.values()].some(({ status }) => status === "waiting" || status === "sending");
  }

  /** Send what waits: also what could not be sent before. */
  send() {
    if (this.sending) return;
    const abort = (this.sending = new AbortController());
    const queue = [...this.sendings].filter(([, { status }]) => status === "waiting").map(([taskId]) => taskId);
    const lane = async () => {
      for (let taskId; !abort.signal.aborted && (taskId = queue.shift()); ) await this.sendOne(taskId, queue, abort.signal);
    };
    void Promise.all(Array.from({ length: PARALLEL }, lane)).finally(() => {
      this.sending = null;
      if (!abort.signal.aborted && [...this.sendings.values()].some(({ status }) => status === "waiting") && this.state.trouble?.kind !== "key") this.send();
    });
  }

  sendAgain() {
    for (const one of this.sendings.values()) if (one.status === "unsent") Object.assign(one, { status: "waiting", sent: 0, reason: null });
    this.send();
    this.change({});
  }

  async cancel() {
    this.stopSending();
    return super.cancel();
  }

  stopSending() {
    this.sending?.abort();
    for (const one of this.sendings.values()) if (one.status === "waiting" || one.status === "sending") Object.assign(one, { status: "unsent", reason: "cancelled" });
  }

  async sendOne(taskId, queue, signal) {
    const one = this.sendings.get(taskId);
    one.status = "sending";
    for (let attempt = 1; attempt <= SEND_TRIES && !signal.aborted; attempt++) {
      try {
        const grant = await this.grantOf(taskId, queue, signal);
        if (!grant) return void Object.assign(one, { status: "sent", sent: one.file.size });
        const status = await post(grant, one.file, signal, (sent) => ((one.sent = sent), this.soon()));
        if (status >= 200 && status < 300) {
          Object.assign(one, { status: "sent", sent: one.file.size });
          return this.soon();
        }
        if (status === 403) this.grants.delete(taskId);
        else if (status >= 400 && status < 500 && status !== 408 && status !== 429) return this.giveUp(one, "not_taken");
      } catch (error) {
        if (error.isAboutKey) return this.pauseForKey(one, error);
        if (error instanceof Problem && !error.isTransient) return this.giveUp(one, error.code);
        if (error.name === "NotReadableError" || error.name === "NotFoundError") return this.giveUp(one, "file_changed");
      }
      one.sent = 0;
      await sleep(backoff(attempt), signal);
    }
    if (!signal.aborted) this.giveUp(one, "unreachable");
  }

  giveUp(one, reason) {
    Object.assign(one, { status: "unsent", sent: 0, reason });
    this.soon();
  }

  /** The key stopped working: everything waits until `resume` and `send` are called with another. */
  pauseForKey(one, error) {
    Object.assign(one, { status: "waiting", sent: 0 });
    this.sending?.abort();
    for (const other of this.sendings.values()) if (other.status === "sending") Object.assign(other, { status: "waiting", sent: 0 });
    this.stop();
    this.change({ trouble: { kind: "key", failures: 1, error } });
  }

  resume() {
    super.resume();
    if (this.jobId && this.listeners?.size) this.send();
  }

  /** A grant that is good for a while yet; renews those of the next files along with it. None: there is nothing to send. */
  async grantOf(taskId, queue, signal) {
    const isGood = (id) => Date.parse(this.grants.get(id)?.expires_at ?? 0) - Date.now() > GRANT_MARGIN_MS;
    while (!isGood(taskId)) {
      if (this.renewal) {
        await this.renewal;
        continue;
      }
      const task_ids = [taskId, ...queue.filter((id) => !isGood(id))].slice(0, GRANTS_AT_ONCE);
      this.renewal = this.api.post(`v1/uploads/${this.jobId}/grants`, {}, { json: { task_ids }, signal, tries: 4 }).finally(() => (this.renewal = null));
      const renewed = await this.renewal;
      for (const { task_id, upload } of renewed.uploads) if (upload) this.grants.set(task_id, upload);
      if (!renewed.uploads.some(({ task_id, upload }) => task_id === taskId && upload)) return null;
    }
    return this.grants.get(taskId);
  }

  /** Tell of bytes that moved, but not more often than the eye sees. */
  soon() {
    this.told ??= setTimeout(() => {
      this.told = null;
      this.change({});
    }, 100);
  }
}

/** Each file's SHA-256, so that what is known needs no sending; none when there is too much to read first. */
async function hashes(files) {
  const found = new Map();
  if (!globalThis.crypto?.subtle || files.reduce((sum, { size }) => sum + size, 0) > HASH_UP_TO_BYTES) return found;
  for (const file of files) {
    try {
      const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", await file.arrayBuffer()));
      found.set(file, { sha256: Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("") });
    } catch {
      // A file that cannot be read is told of when it is its turn to be sent.
    }
  }
  return found;
}

/** One presigned POST, the file last. XMLHttpRequest, for fetch does not say how much is sent. @returns {Promise<number>} the status */
function post({ url, fields }, file, signal, onSent) {
  return new Promise((resolve, reject) => {
    const form = new FormData();
    for (const [name, value] of Object.entries(fields)) form.append(name, value);
    form.append("file", file);
    const request = new XMLHttpRequest();
    request.open("POST", url);
    request.upload.onprogress = ({ loaded }) => onSent(Math.min(loaded, file.size));
    request.onload = () => resolve(request.status);
    request.onerror = () => reject(new Problem(0));
    request.onabort = () => reject(new DOMException("cancelled", "AbortError"));
    signal.addEventListener("abort", () => request.abort(), { once: true });
    request.send(form);
  });
}
