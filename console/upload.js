/** Upload files and watch what becomes of each. */

import { CONTENT_TYPES, MAX_FILES, UploadJob, nameOf } from "./client.js";
import { announce, bar, byId, h, icon, notice, working } from "./dom.js";
import { Rows } from "./rows.js";
import { api, askForKey, findUpload, forgetUpload, knownUpload, may, rememberUpload } from "./session.js";
import { OUTCOMES, STATUS, count, duration, number, percent, reason, size, stageOf } from "./words.js";

const ACCEPT = [...new Set(Object.values(CONTENT_TYPES)), ".tif", ".tiff", ".mpo"].join(",");
const FILTERS = { all: "All", working: "Under way", done: "Done", failed: "Failed" };
const MANY = 5;

/** An item of the list: the task, and how far its file's way to S3 is. */
const itemOf = (task, sending, isCancelled) => {
  const status = task.status === "pending" && isCancelled ? "skipped" : task.status;
  const way = status === "pending" ? sending?.status ?? "absent" : null;
  const sent = status === "pending" ? (way === "sent" ? 1 : sending?.file.size ? sending.sent / sending.file.size : 0) : 1;
  const pct = ["completed", "failed", "skipped"].includes(status) ? 100 : Math.round(30 * sent + 0.7 * task.progress_pct);
  return { id: task.task_id, name: task.filename, status, way, sent: Math.round(sent * 100), pct, stage: status === "processing" ? stageOf(task) : null, asset: task.asset_id, thumbnail: task.thumbnail_url, outcome: task.outcome, error: task.error, unsent: sending?.reason };
};

const kindOf = ({ status, way }) => (status === "failed" || way === "unsent" ? "failed" : status === "completed" || status === "skipped" ? "done" : "working");

const WAYS = { absent: "Not arrived yet", waiting: "Queued", sending: "Uploading", sent: "Queued", unsent: "Not sent" };

const noteOf = (item) => {
  if (item.error) return reason(item.error);
  if (item.way === "unsent") return reason({ code: item.unsent });
  if (item.way === "sending") return `Uploading, ${item.sent} %`;
  if (item.way) return item.way === "sent" ? "Arrived, waits for its turn" : WAYS[item.way];
  if (item.stage) return `${item.stage}…`;
  return OUTCOMES[item.outcome] ?? STATUS[item.status];
};

const placeholderOf = (item) => (kindOf(item) === "failed" ? "Failed" : item.status === "skipped" ? "Skipped" : item.status === "processing" ? "Generating…" : "Queued");

const stateOf = (item) => {
  if (item.way === "unsent") return "Not sent";
  if (item.status === "processing") return `${item.pct} %`;
  return { completed: "Done", failed: item.outcome === "refused" ? "Refused" : "Failed" }[item.status] ?? STATUS[item.status];
};

function drawRow(item, project, former) {
  const failed = kindOf(item) === "failed";
  const name = item.asset ? h("a", { href: `#/${encodeURIComponent(project)}/image/${item.asset}` }, item.name) : item.name;
  const picture = former?.querySelector("img");
  const thumb = item.thumbnail ? picture ?? h("img", { src: item.thumbnail, alt: "", width: 68, height: 51 }) : placeholderOf(item);
  return h(
    "li",
    { class: "row", "data-task": item.id, "data-kind": kindOf(item) },
    h("div", { class: "thumb" }, thumb),
    h("div", {}, h("div", { class: "row-name", title: item.name }, name), h("div", { class: `row-note ${failed ? "bad" : ""}`, title: noteOf(item) }, noteOf(item))),
    bar(item.pct / 100, `Progress of ${item.name}`, `${item.pct} %`, failed ? "bad" : item.status === "completed" ? "good" : ""),
    h("div", { class: "row-state" }, stateOf(item)),
  );
}

/** All files of what was dropped, folders walked through. */
async function droppedFiles(transfer) {
  const entries = [...transfer.items].filter(({ kind }) => kind === "file").map((item) => item.webkitGetAsEntry?.() ?? item.getAsFile());
  const found = [];
  const walk = async (entry, path) => {
    if (entry instanceof File) return void found.push(entry);
    if (entry.isFile) {
      const file = await new Promise((resolve, reject) => entry.file(resolve, reject));
      file.path = path + entry.name;
      return void found.push(file);
    }
    const reader = entry.createReader();
    for (let batch; (batch = await new Promise((resolve, reject) => reader.readEntries(resolve, reject))).length; ) for (const inner of batch) await walk(inner, `${path}${entry.name}/`);
  };
  for (const entry of entries) if (entry) await walk(entry, "");
  return found;
}

/** A folder comes in no order of its own. IMG_9 before IMG_10. */
const byName = (a, b) => nameOf(a).localeCompare(nameOf(b), undefined, { numeric: true });

const isHidden = (file) => file.name.startsWith(".") || file.name === "Thumbs.db";

export async function view(place, { project }) {
  let job = knownUpload(project);
  let refused = job?.refused ?? [];
  let filter = "all";
  let unsubscribe = () => {};
  const top = h("div", { class: "stack" });
  const said = h("div", { class: "stack tight" });
  const tally = h("section", { class: "sheet tally", "aria-label": "Progress", hidden: true });
  const after = h("div", { class: "stack" });
  const choices = h("div", { class: "choices", role: "group", "aria-label": "Show" });
  const rows = new Rows("Files", ({ id }) => id, (item, former) => drawRow(item, project, former));
  const list = h("section", { class: "sheet", hidden: true }, choices, rows.element);

  const pick = (attributes) => {
    const input = h("input", { type: "file", multiple: true, hidden: true, ...attributes, onchange: () => take([...input.files]) });
    return input;
  };
  const files = pick({ accept: ACCEPT, "data-choose": "files" });
  const folder = pick({ webkitdirectory: true, "data-choose": "folder" });

  const dropZone = (title, text, isSlim) =>
    h(
      "section",
      { class: `drop ${isSlim ? "slim" : ""}` },
      icon("upload"),
      h("div", {}, h("h2", {}, title), h("p", { class: "soft small" }, text)),
      h("div", { class: "actions" }, h("button", { class: isSlim ? "" : "primary", onclick: () => files.click() }, "Choose files"), h("button", { onclick: () => folder.click() }, "Choose a folder")),
    );

  const showTop = (items = []) => {
    const absent = items.filter(({ way }) => way === "absent").length;
    if (!may("write")) return top.replaceChildren(notice("note", "This key may look, but not upload", "Sign in with a key that has the scope “write”."));
    if (!job) top.replaceChildren(dropZone("Drop photos here, or a whole folder", `JPEG, PNG, WebP, GIF, TIFF and AVIF, up to ${number(MAX_FILES)} at once.`));
    else if (job.isEnded || job.state.trouble?.kind === "expired") top.replaceChildren(dropZone("Drop more", "They begin a new upload.", true));
    else if (absent) top.replaceChildren(dropZone(`${count(absent, "file has", "files have")} not arrived yet`, "If the page was closed on the way, drop the same files again: the upload goes on where it was.", true));
    else top.replaceChildren();
  };

  // In the job's order: they were listed before anything else was heard of them.
  const itemsOf = () => Array.from(job.state.tasks.values(), (task) => itemOf(task, job.sendings.get(task.task_id), job.isCancelled));

  async function take(chosen) {
    const wanted = chosen.filter((file) => !isHidden(file)).sort(byName);
    files.value = folder.value = "";
    if (!wanted.length) return void said.replaceChildren(notice("warning", "There is no file in it", "Choose photos, or a folder that holds some."));
    said.replaceChildren();
    if (job && !job.isEnded && job.state.trouble?.kind !== "expired") {
      const matched = job.match(wanted);
      if (!matched) said.replaceChildren(notice("warning", "One upload at a time", "Let this one end, or cancel it; then drop these again."));
      return;
    }
    await begin(wanted);
  }

  async function begin(wanted) {
    const next = new UploadJob(api, project);
    top.replaceChildren(notice("note", `Preparing ${count(wanted.length, "file")}…`));
    try {
      refused = next.refused = await next.start(wanted);
    } catch (error) {
      showTop();
      if (error.isAboutKey && (await askForKey("Your key does not work any more."))) return begin(wanted);
      return void said.replaceChildren(notice("problem", "The upload could not begin", error.message, h("button", { onclick: () => begin(wanted) }, "Try again")));
    }
    if (!next.jobId) {
      showTop();
      return void said.replaceChildren(leftOut());
    }
    rememberUpload(next);
    watch(next);
  }

  const leftOut = () => {
    const shown = refused.slice(0, MANY).map(({ file, ...error }) => h("li", {}, `${file.name}: ${reason(error)}`));
    return notice("warning", `${count(refused.length, "file was", "files were")} left out`, h("ul", { class: "small" }, shown, refused.length > MANY && h("li", {}, `and ${number(refused.length - MANY)} more`)));
  };

  function watch(next) {
    unsubscribe();
    job = next;
    let planned = 0;
    const draw = () => {
      planned = 0;
      if (place.isConnected) render();
    };
    unsubscribe = job.subscribe(() => (planned ||= requestAnimationFrame(draw)));
    render();
  }

  function render() {
    const { job: counts, trouble } = job.state;
    const items = counts ? itemsOf() : [];
    renderTrouble(trouble, items);
    tally.hidden = list.hidden = !counts;
    showTop(items);
    if (!counts) return;
    renderTally(counts);
    renderAfter(counts, items);
    const inFilter = items.filter((item) => filter === "all" || kindOf(item) === filter);
    const many = Object.fromEntries(Object.keys(FILTERS).map((name) => [name, name === "all" ? items.length : items.filter((item) => kindOf(item) === name).length]));
    const text = JSON.stringify([many, filter]);
    if (choices.dataset.text !== text) {
      const focused = choices.contains(document.activeElement) ? document.activeElement.dataset.filter : null;
      choices.dataset.text = text;
      choices.replaceChildren(...Object.entries(FILTERS).map(([name, label]) => h("button", { "aria-pressed": String(name === filter), "data-filter": name, onclick: () => ((filter = name), render()) }, `${label} ${number(many[name])}`)));
      if (focused) choices.querySelector(`[data-filter=${focused}]`).focus();
    }
    rows.show(inFilter);
  }

  const forget = () => {
    forgetUpload(project);
    unsubscribe();
    job = null;
    refused = [];
    for (const part of [said, after]) part.replaceChildren();
    tally.hidden = list.hidden = true;
    showTop();
  };

  function renderTrouble(trouble, items) {
    const told = [];
    const unsent = items.filter(({ way }) => way === "unsent").length;
    if (trouble?.kind === "expired") told.push(notice("warning", "This upload has expired", "Its records are kept for two days and are gone now. What was accepted is in the gallery.", h("a", { class: "button", href: `#/${project}/gallery` }, "Open the gallery"), h("button", { onclick: forget }, "Start afresh")));
    if (trouble?.kind === "key") told.push(notice("problem", "Your key has stopped working", `${trouble.error.message} What has arrived is being worked on meanwhile.`, h("button", { class: "primary", onclick: goOn }, "Sign in and go on")));
    if (trouble?.kind === "unreachable") told.push(notice("warning", "Darkroom does not answer", `${trouble.failures} attempts in a row failed, so what you see may be old. Nothing is lost, and the page goes on trying.`, h("button", { onclick: retryNow }, "Try now")));
    if (unsent && !job.isCancelled && !job.isEnded) told.push(notice("problem", `${count(unsent, "file")} could not be sent`, "The others are not affected.", h("button", { onclick: () => job.sendAgain() }, "Send again")));
    if (refused.length) told.push(leftOut());
    const text = JSON.stringify([trouble?.kind, trouble?.failures, unsent, refused.length, job.status]);
    if (said.dataset.text !== text) said.replaceChildren(...told);
    said.dataset.text = text;
  }

  const retryNow = () => {
    job.stop();
    job.resume();
  };

  const goOn = async () => {
    if (await askForKey("Your key has stopped working.")) retryNow();
  };

  function renderTally(counts) {
    const ended = counts.processed + counts.failed + counts.skipped;
    const isCancelling = job.state.isCancelling || (job.isCancelled && counts.processing > 0);
    const { sent, total } = job.traffic;
    const state = isCancelling ? "Cancelling…" : job.isEnded ? STATUS[counts.status] : job.isSending ? "Uploading" : STATUS[counts.status];
    const share = (value) => value / Math.max(1, counts.total);
    const part = (kind, value) => {
      const span = h("span", { class: kind });
      span.style.setProperty("--share", share(value));
      return span;
    };
    const facts = [
      job.isEnded || counts.eta_s === null ? null : counts.eta_s > 0 ? `About ${duration(counts.eta_s)} left` : "Nearly done",
      job.isSending ? `${size(sent)} of ${size(total)} sent` : null,
    ].filter(Boolean);
    const cancel = h("button", { disabled: isCancelling, onclick: () => working(cancel, after, () => job.cancel()) }, isCancelling ? "Cancelling…" : "Cancel");
    const hadFocus = tally.contains(document.activeElement);
    tally.replaceChildren(
      h(
        "div",
        { class: "tally-top" },
        h("div", { class: "tally-number" }, number(ended), h("small", {}, ` / ${number(counts.total)}`)),
        h("div", { class: "tally-state" }, h("strong", {}, `${counts.progress_pct} %`), h("span", { class: "soft" }, [state, ...facts].join(" · "))),
      ),
      h(
        "div",
        { class: "track", role: "progressbar", "aria-label": "Whole upload", "aria-valuemin": 0, "aria-valuemax": 100, "aria-valuenow": counts.progress_pct, "aria-valuetext": `${number(ended)} of ${number(counts.total)}, ${counts.progress_pct} percent` },
        part("done", counts.processed),
        part("failed", counts.failed),
        part("skipped", counts.skipped),
      ),
      h(
        "div",
        { class: "tally-top" },
        h("div", { class: "counts" }, [["waiting", counts.pending], ["processing", counts.processing], ["succeeded", counts.processed], ["failed", counts.failed], ["skipped", counts.skipped]].filter(([word, value]) => value > 0 || word === "succeeded").map(([word, value]) => h("span", {}, h("b", {}, number(value)), ` ${word}`))),
        h("div", { class: "tally-state actions" }, !job.isEnded || isCancelling ? may("write") && cancel : null),
      ),
    );
    if (hadFocus) tally.querySelector("button")?.focus();
    announce(`${percent(share(ended))}, ${number(ended)} of ${number(counts.total)}`);
  }

  function renderAfter(counts, items) {
    const text = JSON.stringify([job.jobId, counts.status, counts.seq, counts.epoch]);
    if (!job.isSettled) {
      after.replaceChildren();
      after.dataset.text = "";
      return;
    }
    if (after.dataset.text === text) return;
    after.dataset.text = text;
    const failed = items.filter(({ status }) => status === "failed");
    const added = items.filter(({ outcome }) => outcome === "created").length;
    const known = items.filter(({ outcome }) => outcome === "exists").length;
    const again = failed.filter(({ outcome }) => outcome === "failed").length;
    const parts = [added && `${number(added)} added`, known && `${number(known)} already here`, counts.failed && `${number(counts.failed)} failed`, counts.skipped && `${number(counts.skipped)} skipped`].filter(Boolean);
    const isAllBad = counts.total > MANY && counts.failed === counts.total;
    const place = h("div");
    const retry = h("button", { onclick: () => working(retry, place, () => job.retryFailed()) }, `Retry ${number(again)} failed`);
    after.replaceChildren(
      isAllBad
        ? notice("problem", `All ${number(counts.total)} files failed`, failed.length && `Most often: ${groupsOf(failed)[0][0]} Look at one of them on your own machine before you send them again.`, again > 0 && may("write") && retry, h("button", { onclick: forget }, "Choose other files"))
        : h(
            "section",
            { class: "sheet stack tight", "data-summary": "" },
            h("h2", {}, counts.status === "cancelled" ? `Cancelled: ${parts.join(", ") || "nothing was done"}` : `Done: ${parts.join(", ")}`),
            h("div", { class: "actions" }, added + known > 0 && h("a", { class: "button primary", href: `#/${project}/gallery` }, "See them in the gallery"), h("a", { class: "button", href: `#/${project}/quality` }, "How good are they?"), again > 0 && may("write") && retry, h("button", { class: "plain", onclick: forget }, "Clear")),
            place,
          ),
    );
    if (failed.length) after.append(h("section", { class: "sheet" }, h("h2", {}, "What failed, and why"), h("div", { class: "groups" }, groupsOf(failed).map(drawGroup))));
    byId("announcer").textContent = parts.join(", ");
  }

  const onDrop = async (event) => {
    event.preventDefault();
    document.body.classList.remove("dragging");
    if (event.type === "drop" && may("write")) await take(await droppedFiles(event.dataTransfer));
  };
  const onDrag = (event) => {
    event.preventDefault();
    document.body.classList.toggle("dragging", event.type === "dragover" || event.relatedTarget !== null);
  };
  const listeners = { dragover: onDrag, dragleave: onDrag, drop: onDrop };
  for (const [name, listener] of Object.entries(listeners)) addEventListener(name, listener);

  place.append(h("div", { class: "head" }, h("div", {}, h("h1", {}, "Upload"), h("p", {}, "Straight from here to the archive. Each photo is checked, made into every size, and scored."))), h("div", { class: "stack" }, top, said, tally, after, list, files, folder));
  showTop();
  if (job) watch(job);
  else findUpload(project).then((found) => found && !job && place.isConnected && watch(found), () => {});
  return () => {
    unsubscribe();
    rows.end();
    document.body.classList.remove("dragging");
    for (const [name, listener] of Object.entries(listeners)) removeEventListener(name, listener);
  };
}

/** Reasons with the items that have them, the most frequent first. @returns {[string, any[]][]} */
const groupsOf = (failed) => {
  const groups = new Map();
  for (const item of failed) {
    const why = item.error ? reason({ ...item.error, limit: null, measured: null }) : "Failed";
    groups.set(why, [...(groups.get(why) ?? []), item]);
  }
  return [...groups].sort((a, b) => b[1].length - a[1].length);
};

const drawGroup = ([why, items]) =>
  h(
    "details",
    {},
    h("summary", {}, h("span", {}, why), h("strong", {}, number(items.length))),
    h("ul", {}, items.slice(0, 50).map((item) => h("li", {}, `${item.name}${item.error?.measured ? `: ${noteOf(item)}` : ""}`)), items.length > 50 && h("li", {}, `and ${number(items.length - 50)} more`)),
  );
