/** News of one job by WebSocket. */

import { Problem, backoff } from "./api.js";

const OPEN_MS = 10_000;
const HEART_MS = 45_000;
const STATUS_OF_CODE = { not_found: 404, expired: 410, revoked_key: 401, expired_key: 401, invalid_key: 401 };

/** News of one job by WebSocket, as docs/push.md says. Where that fails, polling goes on. */
export class Live {
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
      const subscribe = () => {
        if (socket.readyState !== WebSocket.OPEN) return;
        socket.send(JSON.stringify({ action: "subscribe", job_id: this.job.jobId, since: this.job.state.since }));
      };
      let isOpen = false;
      let isAlive = true;
      let isAsked = false;
      let again;
      const heart = setInterval(() => {
        if (!isAlive) return end(() => resolve(true));
        isAlive = false;
        // Also brings what was lost on the way here.
        subscribe();
      }, HEART_MS);
      const opening = setTimeout(() => end(() => resolve(false)), OPEN_MS);
      const end = (settle) => {
        clearInterval(heart);
        clearTimeout(opening);
        this.signal.removeEventListener("abort", abort);
        socket.onclose = null;
        socket.close();
        settle();
      };
      const abort = () => end(() => reject(new DOMException("stopped", "AbortError")));
      this.signal.addEventListener("abort", abort);
      socket.onopen = () => {
        isOpen = true;
        clearTimeout(opening);
        subscribe();
        this.job.change({ by: "push" });
      };
      socket.onclose = () => end(() => resolve(isOpen));
      socket.onmessage = ({ data }) => {
        isAlive = true;
        const message = JSON.parse(data);
        // API Gateway's own have no type.
        if (message.type === "error" || !message.type) {
          const problem = new Problem(STATUS_OF_CODE[message.code] ?? 503, message);
          if (!problem.isTransient) return end(() => reject(problem));
          clearTimeout(again);
          again = setTimeout(subscribe, 1000);
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
