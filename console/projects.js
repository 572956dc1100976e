/** Choose a project, or begin one. */

import { h } from "./dom.js";
import { api, session } from "./session.js";
import { count, moment } from "./words.js";

const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;

export async function view(place) {
  const projects = [];
  for (let cursor; ; ) {
    const page = await api.get("v1/projects", { cursor });
    projects.push(...page.projects);
    cursor = page.next_cursor;
    if (!cursor) break;
  }
  const note = h("p", { class: "row-note bad", role: "alert" });
  const input = h("input", { name: "project", required: true, maxlength: 64, placeholder: "summer-2026", autocomplete: "off" });
  const begin = (event) => {
    event.preventDefault();
    const name = input.value.trim();
    if (NAME.test(name)) location.hash = `#/${name}/upload`;
    else note.textContent = "Letters, digits, dots, dashes and underscores, beginning with a letter or digit.";
  };
  place.replaceChildren(
    h("div", { class: "head" }, h("div", {}, h("h1", {}, "Projects"), h("p", {}, `${session.me.tenant_name} has ${projects.length ? count(projects.length, "project") : "no project yet"}.`))),
    h(
      "div",
      { class: "stack" },
      projects.length > 0 &&
        h(
          "div",
          { class: "cards" },
          projects.map((project) => h("a", { class: "card", href: `#/${project.project}/gallery` }, h("strong", {}, project.project), project.created_at && h("span", { class: "soft small" }, `since ${moment(project.created_at)}`))),
        ),
      h(
        "form",
        { class: "sheet stack tight", onsubmit: begin },
        h("h2", {}, projects.length ? "Begin another" : "Begin your first project"),
        h("p", { class: "soft" }, "A project is a set of images. The same photo is kept once in it."),
        h("div", { class: "fields" }, h("label", {}, "Name", input), h("div", {}, h("button", { class: "primary" }, "Begin"))),
        note,
      ),
    ),
  );
}
