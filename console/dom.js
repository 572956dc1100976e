/** Elements from code, and what several views show in the same way. */

const SVG = "http://www.w3.org/2000/svg";

const fill = (element, attributes, children) => {
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "value" && "value" in element && element.tagName !== "LI") element.value = value;
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(
    ...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false),
  );
  return element;
};

/** h("a", {href, onclick}, "text", otherElement) */
export const h = (tag, attributes, ...children) => fill(document.createElement(tag), attributes, children);

export const svg = (tag, attributes, ...children) => fill(document.createElementNS(SVG, tag), attributes, children);

export const byId = (id) => document.getElementById(id);

/** Tell screen readers. */
export const announce = (text) => {
  if (byId("announcer").textContent !== text) byId("announcer").textContent = text;
};

const PATHS = {
  upload: "M12 16V4m0 0L7 9m5-5 5 5M4 16v3a1 1 0 0 0 1 1h14a1 1 0 0 0 1-1v-3",
  out: "M10 4H5v16h5M15 8l4 4-4 4m4-4H9",
};

export const icon = (name) =>
  svg("svg", { class: "icon", viewBox: "0 0 24 24", "aria-hidden": "true" }, svg("path", { d: PATHS[name] }));

/** What a project may be called; the id of an image is such a name too. */
export const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;

/** The address of a view: linkTo("holiday", "gallery", "", { issue: "blur" }) */
export const linkTo = (project, view, argument = "", query = {}) => {
  const path = [project, view, argument].filter(Boolean).map(encodeURIComponent).join("/");
  const asked = new URLSearchParams(query).toString();
  return `#/${path}${asked && `?${asked}`}`;
};

/** A message with a way out. kind: "note" | "warning" | "problem" */
export const notice = (kind, title, text, ...actions) =>
  h(
    "div",
    { class: `notice ${kind}`, role: kind === "note" ? "status" : "alert" },
    h("div", {}, h("strong", {}, title), text && h("p", {}, text)),
    actions.length > 0 && h("div", { class: "actions" }, actions),
  );

/** A bar with its value for everyone: bar(0.4, "Sharpness", "0.40") */
export const bar = (share, label, text, kind = "") => {
  const inner = h("span", { class: `bar-fill ${kind}` });
  inner.style.setProperty("--share", share);
  return h(
    "span",
    {
      class: "bar",
      role: "meter",
      "aria-label": label,
      "aria-valuemin": 0,
      "aria-valuemax": 1,
      "aria-valuenow": share,
      "aria-valuetext": text,
    },
    inner,
  );
};

/**
 * Show a dialog until it is closed. @param {string} title @param {...any} children
 * @returns {Promise<boolean>} whether it was closed with "yes"
 */
export const ask = (title, ...children) =>
  new Promise((resolve) => {
    const dialog = dialogOf();
    dialog.replaceChildren(h("h2", { id: "dialog-title" }, title), ...children);
    dialog.onclose = () => {
      // The news that the one before was closed comes late.
      if (dialog.open) return;
      dialog.replaceChildren();
      resolve(dialog.returnValue === "yes");
    };
    dialog.returnValue = "";
    dialog.showModal();
  });

/** @param {"yes" | "no"} word */
export const answer = (word) => dialogOf().close(word);

const dialogOf = () => /** @type {HTMLDialogElement} */ (byId("dialog"));

/** Ask before something that cannot be undone. @returns {Promise<boolean>} */
export const confirmed = (title, text, yes) => {
  const keep = h("button", { onclick: () => answer("no"), autofocus: true }, "Keep");
  const go = h("button", { class: "danger", onclick: () => answer("yes") }, yes);
  return ask(title, h("p", {}, text), h("div", { class: "actions" }, keep, go));
};
