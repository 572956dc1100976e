/** Elements from code, and what several views show in the same way. */

const SVG = "http://www.w3.org/2000/svg";

const fill = (element, attributes, children) => {
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "value" && "value" in element && element.tagName !== "LI") element.value = value;
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
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
  close: "M6 6l12 12M18 6 6 18",
  back: "M15 5l-7 7 7 7",
  next: "M9 5l7 7-7 7",
  out: "M10 4H5v16h5M15 8l4 4-4 4m4-4H9",
};

export const icon = (name) =>
  svg("svg", { class: "icon", viewBox: "0 0 24 24", "aria-hidden": "true" }, svg("path", { d: PATHS[name] }));

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
  return h("span", { class: "bar", role: "meter", "aria-label": label, "aria-valuemin": 0, "aria-valuemax": 1, "aria-valuenow": share, "aria-valuetext": text }, inner);
};

/** Ask before something that cannot be undone. @returns {Promise<boolean>} */
export const confirmed = (title, text, yes) =>
  new Promise((resolve) => {
    const dialog = byId("dialog");
    const close = (answer) => () => dialog.close(answer);
    dialog.replaceChildren(
      h("h2", { id: "dialog-title" }, title),
      h("p", {}, text),
      h("div", { class: "actions" }, h("button", { onclick: close("no"), autofocus: true }, "Keep"), h("button", { class: "danger", onclick: close("yes") }, yes)),
    );
    dialog.onclose = () => {
      dialog.replaceChildren();
      resolve(dialog.returnValue === "yes");
    };
    dialog.returnValue = "";
    dialog.showModal();
  });

/** Run a button's work with the button disabled meanwhile; show what goes wrong in `place`. */
export const working = async (button, place, work) => {
  button.disabled = true;
  place.replaceChildren();
  try {
    return await work();
  } catch (error) {
    if (error.name !== "AbortError") place.replaceChildren(notice("problem", "That did not work", error.message));
  } finally {
    button.disabled = false;
  }
};
