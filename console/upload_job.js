/** An upload: files on their way straight to S3, and the job that works on them. */

import { Problem, backoff, sendFile, sleep } from "./api.js";
import { Job } from "./job.js";

/** @import { Darkroom } from "./api.js" */
/** @import { Refused, Sending } from "./types.js" */

const PARALLEL = 6;
const SEND_TRIES = 6;
const GRANTS_AT_ONCE = 500;
const GRANT_MARGIN_MS = 30_000;
const HASH_UP_TO_BYTES = 256e6;
const MAX_NAME = 512;
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
export const nameOf = (file) => /** @type {any} */ (file).path ?? (file.webkitRelativePath || file.name);

/** @param {File} file @returns {string} what its task is called: the end of a name that is too long */
const taskName = (file) => nameOf(file).slice(-MAX_NAME);

/** Sends files straight to S3, several at a time, and watches what becomes of them. */
export class UploadJob extends Job {
  /** @param {Darkroom} api @param {string} project @param {string | null} [jobId] one that is there already */
  constructor(api, project, jobId = null) {
    super(api, project, jobId);
    this.wantsTasks = true;
    /** @type {Map<string, Sending>} by task_id */
    this.sendings = new Map();
    this.grants = new Map();
    this.sending = null;
    /** @type {Promise<any> | null} */
    this.renewal = null;
    /** @type {Refused[]} what was left out when it began */
    this.refused = [];
    /** @type {File[]} what did not fit into the session any more: for another UploadJob */
    this.rest = [];
  }

  /**
   * Open a session and send. What the API will not take is left out, and in `refused`; what one session cannot hold
   * is in `rest`.
   * @param {Iterable<File>} files
   * @throws {Problem}
   */
  async start(files) {
    const images = this.imagesOf(files);
    this.rest = images.splice(MAX_FILES);
    const digests = await hashes(images);
    for (let left = images; left.length;) left = await this.open(left, digests);
    if (!this.jobId && this.rest.length) await this.start(this.rest);
  }

  /** Those that are images, going by their names; the others are left out. */
  imagesOf(files) {
    const images = [];
    for (const file of files) {
      if (contentType(file)) images.push(file);
      else this.refused.push({ file, code: "unsupported_format" });
    }
    return images;
  }

  /** @returns {Promise<File[]>} those to try again without the others; none: the session is open */
  async open(files, digests) {
    try {
      await this.openWith(files, digests);
      return [];
    } catch (error) {
      const most = mostOf(error, files.length);
      if (most) {
        this.rest = [...files.slice(most), ...this.rest];
        return files.slice(0, most);
      }
      const wrong = (error.body?.errors ?? []).filter(({ loc }) => loc?.[0] === "files");
      if (error.status !== 422 || !wrong.length) throw error;
      const found = new Map(wrong.map(({ loc, code, limit, measured }) => [loc[1], { code, limit, measured }]));
      for (const [index, why] of found) this.refused.push({ file: files[index], ...why });
      return files.filter((_, index) => !found.has(index));
    }
  }

  async openWith(files, digests) {
    const described = files.map((file) => ({
      filename: taskName(file),
      content_type: contentType(file),
      bytes: file.size,
      ...digests.get(file),
    }));
    const session = await this.api.post("v1/uploads", {}, { json: { project: this.project, files: described } });
    this.jobId = session.job_id;
    session.uploads.forEach((upload, index) => this.accept(upload, files[index]));
    this.resume();
    this.send();
  }

  /**
   * Give files to the tasks that still wait for them, after the page was closed. Goes by their names, and among equal
   * names by their order: as they were chosen the first time, or where there are fewer now, as their tasks wait.
   * Those that no task is named after are in `rest`.
   * @param {Iterable<File>} files @returns {number} how many were wanted
   */
  match(files) {
    const named = grouped(this.state.tasks.values(), ({ filename }) => filename);
    let matched = 0;
    for (const [name, alike] of grouped(files, taskName)) {
      const all = named.get(name);
      if (!all) {
        this.rest.push(...this.imagesOf(alike));
        continue;
      }
      const tasks = alike.length < all.length ? all.filter((task) => this.waitsFor(task)) : all;
      tasks.slice(0, alike.length).forEach((task, index) => {
        if (!this.waitsFor(task)) return;
        this.accept({ ...task, upload: null }, alike[index]);
        matched += 1;
      });
    }
    this.send();
    return matched;
  }

  /** Whether a task's file has yet to be given to this page. */
  waitsFor({ task_id, status }) {
    return status === "pending" && !["waiting", "sending", "sent"].includes(this.sendings.get(task_id)?.status);
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
    return !this.isEnded && [...this.sendings.values()].some(({ status }) => ["waiting", "sending"].includes(status));
  }

  /** Send what waits: also what could not be sent before. */
  send() {
    if (this.sending || this.isEnded || this.state.isCancelling) return;
    const abort = (this.sending = new AbortController());
    const queue = [...this.sendings].filter(([, { status }]) => status === "waiting").map(([taskId]) => taskId);
    const lane = async () => {
      for (let taskId; !abort.signal.aborted && (taskId = queue.shift());)
        await this.sendOne(taskId, queue, abort.signal);
    };
    void Promise.all(Array.from({ length: PARALLEL }, lane)).finally(() => {
      this.sending = null;
      if (
        !abort.signal.aborted &&
        [...this.sendings.values()].some(({ status }) => status === "waiting") &&
        this.state.trouble?.kind !== "key"
      )
        this.send();
    });
  }

  sendAgain() {
    for (const one of this.sendings.values())
      if (one.status === "unsent") Object.assign(one, { status: "waiting", sent: 0, reason: null });
    this.send();
    this.change({});
  }

  change(change) {
    super.change(change);
    // Somebody else may have cancelled it.
    if (this.isCancelled && this.sending) this.stopSending();
  }

  async cancel() {
    this.stopSending();
    try {
      return await super.cancel();
    } finally {
      this.send();
    }
  }

  /** What is on its way waits, and is sent from its beginning when sending goes on. */
  stopSending() {
    this.sending?.abort();
    for (const one of this.sendings.values())
      if (one.status === "sending") Object.assign(one, { status: "waiting", sent: 0 });
  }

  async sendOne(taskId, queue, signal) {
    const one = this.sendings.get(taskId);
    const onSent = (sent) => {
      one.sent = sent;
      this.soon();
    };
    one.status = "sending";
    for (let attempt = 1; attempt <= SEND_TRIES && !signal.aborted; attempt++) {
      try {
        const grant = await this.grantOf(taskId, queue, signal);
        if (!grant) return void Object.assign(one, { status: "sent", sent: one.file.size });
        const status = await sendFile(grant, one.file, { signal, onSent });
        if (status >= 200 && status < 300) {
          Object.assign(one, { status: "sent", sent: one.file.size });
          return this.soon();
        }
        if (status === 403) this.grants.delete(taskId);
        else if (status >= 400 && status < 500 && status !== 408 && status !== 429)
          return this.giveUp(one, "not_taken");
      } catch (error) {
        if (error.isAboutKey) return this.pauseForKey(error);
        if (error instanceof Problem && !error.isTransient) return this.giveUp(one, error.code);
        if (error.name === "NotReadableError" || error.name === "NotFoundError")
          return this.giveUp(one, "file_changed");
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
  pauseForKey(error) {
    this.stopSending();
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
      this.renewal = this.api
        .post(`v1/uploads/${this.jobId}/grants`, {}, { json: { task_ids }, signal, tries: 4 })
        .finally(() => (this.renewal = null));
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

/** @returns {number} how many files to try where so many, or their names, are too much for one session; else 0 */
function mostOf({ status, code, body }, files) {
  if (code === "too_many_files" && body.limit < files) return body.limit;
  return status === 413 ? Math.floor(files / 2) : 0;
}

/** @template T @param {Iterable<T>} items @param {(item: T) => string} keyOf @returns {Map<string, T[]>} in their order */
function grouped(items, keyOf) {
  const groups = new Map();
  for (const item of items) {
    const key = keyOf(item);
    if (!groups.has(key)) groups.set(key, []);
    groups.get(key).push(item);
  }
  return groups;
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
