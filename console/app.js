/** The frame: signing in, the address, and which view is shown. */

import { NAME, announce, byId, confirmed, h, icon, linkTo, notice } from "./dom.js";
import { api, askForKey, isSending, keyForm, lastProject, rememberProject, session, signIn, signOut } from "./session.js";

const TABS = {
  upload: "Upload",
  gallery: "Gallery",
  quality: "Quality",
  duplicates: "Duplicates",
  settings: "Settings",
};
const TITLES = { ...TABS, image: "Image", compare: "Compare", projects: "Projects" };
/** Of one image, opened from a list. */
const DETAILS = ["image", "compare"];
/** What style.css is enough for. */
const FIRST = ["projects", "upload"];

/** `#/holiday/gallery/…?issue=blur` */
const address = () => {
  const [path, query] = location.hash.replace(/^#\/?/, "").split("?");
  const [project, view, argument] = path.split("/");
  return { project, view: project ? view || "upload" : "projects", argument, query: new URLSearchParams(query) };
};

/** What an address names goes into the paths of requests as it is. */
const isKnown = ({ project, view, argument }) =>
  Object.hasOwn(TITLES, view) && [project, argument].every((name) => !name || NAME.test(name));

let dressing = null;

/** The style of all other views, once. A page without it would still do. */
const dress = () =>
  (dressing ??= new Promise((resolve) => {
    const href = new URL("views.css", import.meta.url);
    document.head.append(h("link", { rel: "stylesheet", href, onload: resolve, onerror: resolve }));
  }));

/** Of the view that is shown: it ends what the view listens to. */
let leaving = new AbortController();
/** The view that one comes from, past those of a single image. */
let from = null;

async function show() {
  leaving.abort();
  leaving = new AbortController();
  const { signal } = leaving;
  const isLeft = () => leaving.signal !== signal;
  const main = byId("main");
  const { hash } = location;
  const at = address();
  if (!session.me) return showDoor(main);
  if (!isKnown(at)) return void (location.hash = "#/");
  main.setAttribute("aria-busy", "true");
  if (at.project) rememberProject(at.project);
  document.title = `${TITLES[at.view]}${at.project ? ` · ${at.project}` : ""} · Darkroom`;
  showHeader(at);
  try {
    const [{ view }] = await Promise.all([import(`./${at.view}.js`), FIRST.includes(at.view) || dress()]);
    // Changed again, which is told in a moment: drawn now, the view would take a key press that is meant for the next.
    if (isLeft() || location.hash !== hash) return;
    const place = h("div", { class: "view" });
    const held = document.activeElement;
    const isWithin = main.contains(held);
    main.replaceChildren(place);
    const drawing = view(place, { ...at, from, signal });
    if (!DETAILS.includes(at.view)) from = at.view;
    if (isWithin) keepFocus(main, held);
    await drawing;
    if (!isLeft()) announce(TITLES[at.view]);
  } catch (error) {
    if (isLeft()) return;
    leaving.abort();
    if (error.isAboutKey && (await askForKey(error.message.replace(/\.?$/, ".")))) return show();
    if (!isLeft()) showTrouble(error);
  }
  if (isLeft()) return;
  main.setAttribute("aria-busy", "false");
  main.dataset.address = hash;
}

/** Whoever goes by keyboard goes on where the view put them, else at the choice they held, else at the view's beginning. */
function keepFocus(main, held) {
  if (main.contains(document.activeElement)) return;
  (main.querySelector(`[name="${held.name}"]`) ?? main).focus({ preventScroll: true });
}

function showTrouble(error) {
  const again = h("button", { onclick: start }, "Try again");
  const projects = h("a", { class: "button plain", href: "#/" }, "All projects");
  const title =
    error.status === 404 ? "This is not here" : error.status === 0 ? "Darkroom cannot be reached" : "This did not work";
  byId("main").replaceChildren(notice("problem", title, error.message, again, projects));
}

function showHeader({ project, view }) {
  const current = DETAILS.includes(view) ? "gallery" : view;
  const tabs = Object.entries(TABS).map(([name, label]) =>
    h("a", { href: linkTo(project, name), "aria-current": name === current ? "page" : null }, label),
  );
  const signsOut = `Sign out of ${session.me.tenant_name}`;
  const out = async () => {
    const text = "What has not been sent yet is not uploaded.";
    if (isSending() && !(await confirmed("Sign out in the middle of an upload?", text, "Sign out"))) return;
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
  if (api.key && !session.me) {
    try {
      await signIn(api.key);
    } catch (error) {
      if (!error.isAboutKey) return showTrouble(error);
    }
  }
  await show();
}

addEventListener("hashchange", () => {
  scrollTo(0, 0);
  const main = byId("main");
  // The header is drawn anew: without this, going on by keyboard would begin at the top of the page.
  if (!main.contains(document.activeElement)) main.focus({ preventScroll: true });
  start();
});
// Its address would name a project called main.
document.querySelector(".skip").addEventListener("click", (event) => {
  event.preventDefault();
  byId("main").focus();
});
addEventListener("beforeunload", (event) => isSending() && event.preventDefault());
start();
