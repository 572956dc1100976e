/** Who is signed in, which project is open, and the jobs that go on while other views are looked at. */

import { Darkroom } from "./api.js";
import { answer, ask, h, notice } from "./dom.js";
import { UploadJob } from "./upload_job.js";
import { refusal } from "./words.js";

const KEY = "darkroom.key";

/** The stage of the API is the folder above this module's. */
export const api = new Darkroom({ url: new URL("../", import.meta.url), key: sessionStorage.getItem(KEY) ?? "" });

export const session = { /** @type {any} */ me: null };

export const may = (scope) => session.me?.scopes.includes(scope) ?? false;

/** @param {string} key @throws {import("./api.js").Problem} when it is not good; the former one is kept then */
export async function signIn(key) {
  const former = api.key;
  api.key = key.trim();
  try {
    const me = await api.get("v1/me");
    sessionStorage.setItem(KEY, api.key);
    if (session.me && session.me.tenant_id !== me.tenant_id) await beginAnew();
    session.me = me;
  } catch (error) {
    api.key = former;
    throw error;
  }
}

/** What is in the page is another tenant's, and what waits for the key is not to be done for this one. */
function beginAnew() {
  forgetJobs();
  location.reload();
  return new Promise(() => {});
}

export function signOut() {
  forgetJobs();
  if (session.me)
    for (const name of Object.keys(localStorage)) if (name.startsWith(memory())) localStorage.removeItem(name);
  sessionStorage.removeItem(KEY);
  Object.assign(api, { key: "" });
  session.me = null;
}

/** @param {() => any} onSignedIn */
export function keyForm(onSignedIn, label = "Sign in") {
  const place = h("div", { role: "alert" });
  const input = h("input", {
    type: "password",
    name: "key",
    required: true,
    autocomplete: "current-password",
    placeholder: "dk_…",
    spellcheck: "false",
  });
  const button = h("button", { class: "primary" }, label);
  const submit = async (event) => {
    event.preventDefault();
    button.disabled = true;
    place.replaceChildren();
    try {
      await signIn(input.value);
      await onSignedIn();
    } catch (error) {
      place.replaceChildren(
        h(
          "p",
          { class: "row-note bad" },
          error.isAboutKey ? `${error.message.replace(/\.?$/, ".")} Look for a missing character.` : error.message,
        ),
      );
      input.focus();
    } finally {
      button.disabled = false;
    }
  };
  return h("form", { class: "stack tight", onsubmit: submit }, h("label", {}, "API key", input), place, button);
}

let asking = null;

/** In the middle of something: ask for another key, and go on where it was. @returns {Promise<boolean>} */
export function askForKey(reason) {
  const text = `${reason} Nothing is lost: what is here goes on once you have signed in.`;
  const form = keyForm(() => answer("yes"), "Go on");
  form.append(h("button", { type: "button", class: "plain", onclick: () => answer("no") }, "Not now"));
  asking ??= ask("Sign in again", h("p", {}, text), form).finally(() => (asking = null));
  return asking;
}

/**
 * Run a button's work with the button disabled meanwhile. What goes wrong is shown in `place`; a key that stopped
 * working is asked for, and the work is done then.
 * @param {HTMLButtonElement} button @param {HTMLElement} place @param {() => Promise<any>} work
 */
export async function working(button, place, work) {
  button.disabled = true;
  place.replaceChildren();
  try {
    await work();
  } catch (error) {
    if (error.isAboutKey && (await askForKey("Your key has stopped working."))) return working(button, place, work);
    if (error.name !== "AbortError") place.replaceChildren(notice("problem", "That did not work", refusal(error)));
  } finally {
    button.disabled = false;
  }
}

// ── What outlives the tab, of each tenant its own ────────────────────────────────────────────────────────────────

const memory = (name = "") => `darkroom.${session.me.tenant_id}.${name}`;

/** @param {string} project the one to begin with the next time */
export const rememberProject = (project) => localStorage.setItem(memory("project"), project);

export const lastProject = () => localStorage.getItem(memory("project"));

const jobMemory = (project) => memory(`job.${project}`);

// ── Jobs ─────────────────────────────────────────────────────────────────────────────────────────────────────────

const uploads = new Map();
const qualityJobs = new Map();

/** The upload of a project that this page knows, or that it knew before it was closed. @returns {UploadJob | null} */
export function knownUpload(project) {
  const jobId = localStorage.getItem(jobMemory(project));
  if (!uploads.has(project) && jobId) uploads.set(project, new UploadJob(api, project, jobId));
  return uploads.get(project) ?? null;
}

/** One that another page, or another browser, began and that is still at work. */
export async function findUpload(project) {
  const { jobs } = await api.get(`v1/projects/${project}/jobs`);
  const open = jobs.find(({ kind, status }) => kind === "upload" && (status === "pending" || status === "processing"));
  return open ? new UploadJob(api, project, open.job_id) : null;
}

/** @param {UploadJob} job */
export function rememberUpload(job) {
  uploads.set(job.project, job);
  if (job.jobId) localStorage.setItem(jobMemory(job.project), job.jobId);
}

export function forgetUpload(project) {
  uploads.get(project)?.stop();
  uploads.delete(project);
  localStorage.removeItem(jobMemory(project));
}

/** @template {import("./job.js").Job} J @param {string} project @param {() => J} begin @returns {J} one for a project */
export function qualityJob(project, begin) {
  if (!qualityJobs.has(project)) qualityJobs.set(project, begin());
  return qualityJobs.get(project);
}

function forgetJobs() {
  for (const job of [...uploads.values(), ...qualityJobs.values()]) {
    job.stopSending?.();
    job.stop();
  }
  uploads.clear();
  qualityJobs.clear();
}

/** Whether leaving the page would end an upload, or lose what is to follow it. */
export const isSending = () => [...uploads.values()].some((job) => job.isSending || job.rest.length > 0);
