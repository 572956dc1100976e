/** What is known of a job, in types: for editors and compilers. No page loads this. */

/** @typedef {"pending" | "processing" | "completed" | "failed" | "cancelled" | "idle"} JobStatus */

/** @typedef {{code: string, detail: string, limit?: number | null, measured?: number | null}} TaskError */

/**
 * Moments are texts in ISO 8601, UTC.
 * @typedef {object} Task
 * @property {string} task_id
 * @property {string} filename
 * @property {"pending" | "processing" | "completed" | "failed" | "skipped"} status
 * @property {number} progress_pct
 * @property {string | null} outcome
 * @property {string | null} asset_id
 * @property {string | null} thumbnail_url
 * @property {Record<string, string>} stages
 * @property {number} attempts
 * @property {string | null} started_at
 * @property {string | null} completed_at
 * @property {TaskError | null} error
 * @property {number} seq
 */

/**
 * @typedef {object} JobView
 * @property {string} job_id
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
 * @property {string} created_at
 * @property {string | null} started_at
 * @property {string | null} completed_at
 * @property {string} updated_at
 * @property {string} expires_at
 * @property {string | null} error  why it failed as a whole
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
 * and call `resume()`. `refused`: the API says no, and would again. `unreachable`: `failures` polls in a row failed; it
 * goes on trying.
 * @typedef {{kind: "expired" | "key" | "refused" | "unreachable", failures: number, error: Error}} Trouble
 */

/**
 * How far one file's way to S3 is.
 * @typedef {object} Sending
 * @property {File} file
 * @property {"waiting" | "sending" | "sent" | "unsent"} status
 * @property {number} sent  bytes
 * @property {string | null} reason  why it is `unsent`
 */

/** @typedef {{file: File, code: string, limit?: number, measured?: number}} Refused  a file that was left out */

export {};
