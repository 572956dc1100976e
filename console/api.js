/** The API with a key, and what it says no with. */

const MAX_WAIT_MS = 32_000;
/** API Gateway ends a request after 29 seconds, but a slow line needs longer for an image to compare. */
const REQUEST_MS = 120_000;
const STALLED_MS = 60_000;

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

/** @param {number} failures @returns {number} 1, 2, 4 … 32 seconds in ms, less up to a quarter */
export const backoff = (failures) => Math.min(MAX_WAIT_MS, 1000 * 2 ** (failures - 1)) * (0.75 + Math.random() / 4);

/** @param {number} ms @param {AbortSignal} [signal] ends the wait early, without an error */
export const sleep = (ms, signal) =>
  new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", end);
      resolve(undefined);
    };
    const timer = setTimeout(end, ms);
    signal?.addEventListener("abort", end);
    if (signal?.aborted) end();
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
    return (await this.ask(method, path, options)).data;
  }

  /** As `request`, with the status and the entity tag. */
  async ask(method, path, options = {}) {
    const tries = options.tries ?? (method === "GET" ? 3 : 1);
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.answer(method, path, options);
      } catch (error) {
        if (!(error instanceof Problem && error.isTransient) || attempt >= tries) throw error;
        await sleep(backoff(attempt) / 2, options.signal);
      }
    }
  }

  /**
   * As `ask`, once.
   * @param {string} method
   * @param {string} path
   * @param {{query?: object, json?: object, body?: BodyInit, headers?: Record<string, string>, signal?: AbortSignal}} [options]
   * @returns {Promise<{status: number, etag: string | null, data: any}>}
   */
  async answer(method, path, { query = {}, json, body, headers = {}, signal } = {}) {
    const url = new URL(path, this.url);
    for (const [name, value] of Object.entries(query))
      if (value !== undefined && value !== null) url.searchParams.set(name, value);
    const sent = { Authorization: `Bearer ${this.key}`, ...headers };
    if (json !== undefined) sent["Content-Type"] = "application/json";
    let response, text;
    try {
      response = await fetch(url, {
        method,
        headers: sent,
        body: json === undefined ? body : JSON.stringify(json),
        signal: AbortSignal.any([AbortSignal.timeout(REQUEST_MS), ...(signal ? [signal] : [])]),
        cache: "no-store",
      });
      text = await response.text();
    } catch (error) {
      if (error.name === "AbortError") throw error;
      throw new Problem(0);
    }
    const isEmpty = response.status === 204 || response.status === 304;
    const data = isEmpty ? null : parsed(text);
    if (!response.ok && !isEmpty) throw new Problem(response.status, data ?? {});
    // Somebody else's page, as that of a network to sign in to.
    if (!data && !isEmpty) throw new Problem(0);
    return { status: response.status, etag: response.headers.get("ETag"), data };
  }

  /**
   * A list that comes in pages, one after the other.
   * @param {string} path
   * @param {object} [query]
   * @param {{signal?: AbortSignal}} [options]
   * @returns {AsyncGenerator<any>} each page
   */
  async *pages(path, query = {}, options = {}) {
    for (let cursor = query.cursor; ;) {
      const page = await this.get(path, { ...query, cursor }, options);
      yield page;
      cursor = page.next_cursor;
      if (!cursor) return;
    }
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

/**
 * One presigned POST to S3, the file last. XMLHttpRequest, for fetch does not say how much is sent.
 * @param {{url: string, fields: Record<string, string>}} grant
 * @param {File} file
 * @param {{signal?: AbortSignal, onSent?: (bytes: number) => void}} [options]
 * @returns {Promise<number>} the status
 */
export const sendFile = ({ url, fields }, file, { signal, onSent } = {}) =>
  new Promise((resolve, reject) => {
    const form = new FormData();
    for (const [name, value] of Object.entries(fields)) form.append(name, value);
    form.append("file", file);
    const request = new XMLHttpRequest();
    request.open("POST", url);
    let timer;
    const moves = () => {
      clearTimeout(timer);
      timer = setTimeout(() => (reject(new Problem(0)), request.abort()), STALLED_MS);
    };
    const abort = () => request.abort();
    request.upload.onprogress = ({ loaded }) => (moves(), onSent?.(Math.min(loaded, file.size)));
    request.onload = () => resolve(request.status);
    request.onerror = () => reject(new Problem(0));
    request.onabort = () => reject(new DOMException("cancelled", "AbortError"));
    request.onloadend = () => (clearTimeout(timer), signal?.removeEventListener("abort", abort));
    signal?.addEventListener("abort", abort);
    request.send(form);
    moves();
  });
