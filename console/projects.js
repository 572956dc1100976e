/** Choose a project, or begin one. */

import { NAME, h, linkTo } from "./dom.js";
import { api, may, session } from "./session.js";
import { count, moment } from "./words.js";

const card = ({ project, created_at }) =>
  h(
    "a",
    { class: "card", href: linkTo(project, "gallery") },
    h("strong", {}, project),
    created_at && h("span", { class: "soft small" }, `since ${moment(created_at)}`),
  );

function beginning(title) {
  const said = h("p", { class: "row-note bad", role: "alert" });
  const input = h("input", {
    name: "project",
    required: true,
    maxlength: 64,
    placeholder: "summer-2026",
    autocomplete: "off",
  });
  const begin = (event) => {
    event.preventDefault();
    const name = input.value.trim();
    if (NAME.test(name)) location.hash = linkTo(name, "upload");
    else said.textContent = "Letters, digits, dots, dashes and underscores, beginning with a letter or digit.";
  };
  return h(
    "form",
    { class: "sheet stack tight", onsubmit: begin },
    h("h2", {}, title),
    h("p", { class: "soft" }, "A project is a set of images. The same photo is kept once in it."),
    h(
      "div",
      { class: "fields" },
      h("label", {}, "Name", input),
      h("div", {}, h("button", { class: "primary" }, "Begin")),
    ),
    said,
  );
}

export async function view(place) {
  const projects = [];
  for await (const page of api.pages("v1/projects")) projects.push(...page.projects);
  const many = projects.length ? count(projects.length, "project") : "no project yet";
  place.append(
    h(
      "div",
      { class: "head" },
      h("div", {}, h("h1", {}, "Projects"), h("p", {}, `${session.me.tenant_name} has ${many}.`)),
    ),
    h(
      "div",
      { class: "stack" },
      projects.length > 0 && h("div", { class: "cards" }, projects.map(card)),
      may("write") && beginning(projects.length ? "Begin another" : "Begin your first project"),
    ),
  );
}
