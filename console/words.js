/** Numbers, states and reasons in plain words. */

export const number = (value) => (value ?? 0).toLocaleString("en");

export const count = (value, one, many = `${one}s`) => `${number(value)} ${value === 1 ? one : many}`;

/** A name in the middle of a sentence, whichever way it is written, and whatever it does to what follows it. */
export const named = (name) => `\u2068${name}\u2069`;

const UNITS = ["B", "kB", "MB", "GB", "TB"];

/** 1234567 → "1.2 MB": decimal units, as the API counts. */
export const size = (bytes) => {
  const step = Math.min(UNITS.length - 1, bytes > 0 ? Math.floor(Math.log10(bytes) / 3) : 0);
  return `${(bytes / 1000 ** step).toFixed(step > 1 ? 1 : 0)} ${UNITS[step]}`;
};

export const duration = (seconds) => {
  if (seconds < 60) return `${Math.max(1, Math.round(seconds))} s`;
  if (seconds < 3600) return `${Math.round(seconds / 60)} min`;
  return `${Math.floor(seconds / 3600)} h ${Math.round((seconds % 3600) / 60)} min`;
};

export const percent = (share) => `${Math.round(100 * share)} %`;

export const moment = (text) =>
  text ? new Date(text).toLocaleString("en", { dateStyle: "medium", timeStyle: "short" }) : "–";

/** "low_brightness" → "Low brightness" */
export const spoken = (name) => {
  const text = name.replaceAll("_", " ");
  return text[0].toUpperCase() + text.slice(1);
};

const bounds = (text, { limit, measured }, show) =>
  limit === undefined || limit === null ? text : `${text} It has ${show(measured)}; ${show(limit)} is the limit.`;

const pixels = (value) => `${number(value)} pixels`;

const REASONS = {
  empty_file: () => "The file is empty.",
  file_too_large: (error) => bounds("The file is too large.", error, size),
  unsupported_format: () => "This is not an image we can take: JPEG, PNG, WebP, GIF, TIFF and AVIF are.",
  edge_too_long: (error) => bounds("The image is too wide or too high.", error, pixels),
  too_many_frames: (error) => bounds("The animation is too long.", error, (value) => `${number(value)} frames`),
  too_many_pixels: (error) => bounds("The image has too many pixels.", error, pixels),
  quota_exceeded: () => "There is no room left: your tenant holds as much as it may. Delete something, or ask for more.",
  truncated_image: () => "The file ends before the image does: it was cut short.",
  unreadable_image: () => "The image is damaged and cannot be opened.",
  hash_mismatch: () => "The file changed on its way, or while it was being read.",
  upload_expired: () => "The file never arrived.",
  original_gone: () => "The original was deleted meanwhile.",
  worker_died: () => "Working on it failed several times over.",
  try_again: () => "The service was too busy, several times over.",
  internal_error: () => "Something went wrong on our side.",
  // What keeps a file from leaving the browser.
  unreachable: () => "It could not be sent: the network did not hold.",
  file_changed: () => "It can no longer be read: it was moved, renamed or changed.",
  not_taken: () => "S3 did not take it: it is not the file that was announced.",
  job_cancelled: () => "Not sent: the upload was cancelled.",
  expired: () => "Not sent: the upload has expired.",
};

/** Why a file was refused or failed. @param {{code: string, detail?: string, limit?: number, measured?: number}} error */
export const reason = (error) => REASONS[error.code]?.(error) ?? error.detail ?? spoken(error.code);

/** What the API said no with: field by field, where it names some. @param {import("./api.js").Problem} error */
export const refusal = ({ message, body }) => {
  const fields = (body?.errors ?? []).map(({ loc, detail }) => `${spoken(String(loc.at(-1)))}: ${detail}`);
  return [...new Set(fields)].join(" ") || message;
};

export const STAGES = { validation: "Checking", thumbnails: "Thumbnails", variants: "Renditions", quality: "Scoring" };

/** What is being done to a task's image now. */
export const stageOf = (task) => {
  const at =
    Object.entries(task.stages).find(([, status]) => status === "processing") ??
    Object.entries(task.stages).find(([, status]) => status === "pending");
  return at ? STAGES[at[0]] : "Finishing";
};

export const STATUS = {
  pending: "Waiting",
  processing: "Processing",
  completed: "Completed",
  failed: "Failed",
  cancelled: "Cancelled",
  skipped: "Skipped",
  idle: "Idle",
};

export const OUTCOMES = {
  created: "Added",
  exists: "Already here",
  refused: "Refused",
  expired: "Never arrived",
  failed: "Failed",
  scored: "Scored",
  skipped: "Skipped",
};
