/** The frame: signing in, the address, and which view is shown. */

import { announce, byId, h, icon, linkTo, notice } from "./dom.js";
import { api, askForKey, isSending, keyForm, lastProject, rememberProject, session, signIn, signOut } from "./session.js";

const TABS = {
  upload: "Upload",
  gallery: "Gallery",
  quality: "Quality",
  duplicates: "Duplicates",
  settings: "Settings",
};
const TITLES = { ...TABS, image: "Image", compare: "Compare", projects: "Projects" };
/** What style.css is enough for. */
const FIRST = ["projects", "upload"];

const decoded = (text) => {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
};

/** `#/holiday/gallery/…?issue=blur` */
const address = () => {
  const [path, query] = location.hash.replace(/^#\/?/, "").split("?");
  const [project, view, argument] = path.split("/").map(decoded);
  return { project, view: project ? view || "upload" : "projects", argument, query: new URLSearchParams(query) };
};

let dressing = null;

/** The style of all other views, once. A page without it would still do. */
const dress = () =>
  (dressing ??= new Promise((resolve) => {
    const href = new URL("views.css", import.meta.url);
    document.head.append(h("link", { rel: "stylesheet", href, onload: resolve, onerror: resolve }));
  }));

let leave = () => {};
let shown = 0;

async function show() {
  const turn = ++shown;
  leave();
  leave = () => {};
  const main = byId("main");
  const at = address();
  if (!session.me) return showDoor(main);
  if (!Object.hasOwn(TITLES, at.view)) return void (location.hash = "#/");
  main.setAttribute("aria-busy", "true");
  if (at.project) rememberProject(at.project);
  document.title = `${TITLES[at.view]}${at.project ? ` · ${at.project}` : ""} · Darkroom`;
  showHeader(at);
  try {
    const [{ view }] = await Promise.all([import(`./${at.view}.js`), FIRST.includes(at.view) || dress()]);
    if (turn !== shown) return;
    const place = h("div", { class: "view" });
    const held = document.activeElement;
    const isWithin = main.contains(held);
    main.replaceChildren(place);
    const drawing = view(place, at);
    if (isWithin) keepFocus(main, held);
    const end = await drawing;
    if (turn !== shown) end?.();
    else leave = end ?? leave;
    announce(TITLES[at.view]);
  } catch (error) {
    if (turn === shown) await showTrouble(main, error);
  }
  if (turn !== shown) return;
  main.setAttribute("aria-busy", "false");
  main.dataset.address = location.hash;
}

/** Whoever goes by keyboard goes on where the view put them, else at the choice they held, else at the view's beginning. */
function keepFocus(main, held) {
  if (main.contains(document.activeElement)) return;
  (main.querySelector(`[name="${held.name}"]`) ?? main).focus({ preventScroll: true });
}

async function showTrouble(main, error) {
  if (error.isAboutKey) {
    if (await askForKey(error.message.replace(/\.?$/, "."))) return show();
    signOut();
    return show();
  }
  const again = h("button", { onclick: show }, "Try again");
  const projects = h("a", { class: "button plain", href: "#/" }, "All projects");
  const title =
    error.status === 404 ? "This is not here" : error.status === 0 ? "Darkroom cannot be reached" : "This did not work";
  main.replaceChildren(notice("problem", title, error.message, again, projects));
}

function showHeader({ project, view }) {
  const current = view === "image" || view === "compare" ? "gallery" : view;
  const tabs = Object.entries(TABS).map(([name, label]) =>
    h("a", { href: linkTo(project, name), "aria-current": name === current ? "page" : null }, label),
  );
  const signsOut = `Sign out of ${session.me.tenant_name}`;
  const out = () => {
    signOut();
    location.hash = "#/";
    show();
  };
  byId("header").replaceChildren(
    h(
      "div",
      { class: "masthead" },
      h("a", { class: "brand", href: "#/" }, "Darkroom"),
      project && h("nav", { class: "tabs", "aria-label": "Views" }, tabs),
      h(
        "div",
        { class: "whose" },
        project && h("a", { class: "chip", href: "#/", title: `Project ${project}. Choose another` }, project),
        h("button", { class: "plain", onclick: out, "aria-label": signsOut, title: signsOut }, icon("out")),
      ),
    ),
  );
}

function showDoor(main) {
  document.title = "Darkroom";
  byId("header").replaceChildren();
  const enter = async () => {
    const last = lastProject();
    if (!address().project && last) location.hash = linkTo(last, "upload");
    else await show();
  };
  main.replaceChildren(
    h(
      "div",
      { class: "door" },
      h("h1", { class: "brand" }, "Darkroom"),
      h("p", { class: "soft" }, "Bring your photos in, see what became of each, and keep the best."),
      keyForm(enter),
      h("p", { class: "soft small" }, "The key stays in this tab and is forgotten when you close it."),
    ),
  );
  main.querySelector("input").focus();
}

async function start() {
  if (api.key) {
    try {
      await signIn(api.key);
    } catch (error) {
      if (!error.isAboutKey) return showTrouble(byId("main"), error);
    }
  }
  await show();
}

addEventListener("hashchange", () => {
  scrollTo(0, 0);
  const main = byId("main");
  // The header is drawn anew: without this, going on by keyboard would begin at the top of the page.
  if (!main.contains(document.activeElement)) main.focus({ preventScroll: true });
  show();
});
addEventListener("beforeunload", (event) => isSending() && event.preventDefault());
start();
