/** Images that are nearly the same, side by side: keep the best, delete the others. */

import { confirmed, h, notice } from "./dom.js";
import { gradeOf, renew } from "./gallery.js";
import { api, may } from "./session.js";
import { count, number, score } from "./words.js";

export async function view(place, { project }) {
  const list = h("div", { class: "stack" });
  const foot = h("div");
  place.append(h("div", { class: "head" }, h("div", {}, h("h1", {}, "Duplicates"), h("p", {}, "Images that look nearly the same. The one to keep is the best of its group; choose another if you know better."))), list, foot);
  let cursor = null;
  const more = async () => {
    const page = await api.get(`v1/projects/${project}/duplicates`, { cursor });
    list.append(...page.groups.map((group) => drawGroup(group, project)));
    cursor = page.next_cursor;
    foot.replaceChildren(...(cursor ? [h("button", { onclick: more }, "Show more")] : []));
    if (!list.children.length) list.append(h("div", { class: "lonely" }, h("h2", {}, "No two are alike"), h("p", {}, "Near duplicates appear here as soon as there are some.")));
  };
  await more();
}

function drawGroup({ best, members, is_whole }, project) {
  let kept = best;
  const name = `keep-${best}`;
  const said = h("div");
  const drop = h("button", { class: "danger", onclick: () => dropOthers() }, "");
  const drawn = members.map((member) => {
    const radio = h("input", { type: "radio", name, value: member.asset_id, checked: member.asset_id === kept, onchange: () => ((kept = member.asset_id), mark()) });
    const picture = member.thumbnail_url ? h("img", { src: member.thumbnail_url, alt: "", loading: "lazy", onerror: (event) => renew(event.target, member.asset_id) }) : h("span", { class: "nothing" }, "Generating…");
    return {
      member,
      element: h(
        "div",
        { class: "twin", "data-asset": member.asset_id },
        h("a", { class: "tile", href: `#/${encodeURIComponent(project)}/image/${member.asset_id}`, "aria-label": member.filename }, picture),
        h("label", { class: "inline" }, radio, h("span", { class: "row-name" }, `Keep ${member.filename}`)),
        h("span", {}, h("span", { class: `badge ${gradeOf(member.overall_quality)}` }, score(member.overall_quality)), h("span", { class: "soft" }, member.distance === null || member.distance === undefined ? "" : ` ${member.distance} of 64 bits differ`)),
      ),
    };
  });
  const others = () => drawn.filter(({ member }) => member.asset_id !== kept);
  const mark = () => {
    for (const { member, element } of drawn) {
      element.classList.toggle("kept", member.asset_id === kept);
      element.classList.toggle("going", false);
    }
    drop.textContent = `Delete the other ${others().length === 1 ? "one" : number(others().length)}`;
  };
  const dropOthers = async () => {
    const names = others().map(({ member }) => member.filename);
    if (!(await confirmed(`Delete ${count(names.length, "image")}?`, `${names.slice(0, 5).join(", ")}${names.length > 5 ? " and others" : ""}: their renditions and scores go with them.`, "Delete"))) return;
    drop.disabled = true;
    const failed = [];
    for (const { member, element } of others()) {
      element.classList.add("going");
      try {
        await api.delete(`v1/assets/${member.asset_id}`);
        element.remove();
      } catch (error) {
        element.classList.remove("going");
        if (error.status !== 404) failed.push(`${member.filename}: ${error.message}`);
      }
    }
    drop.disabled = false;
    if (failed.length) return said.replaceChildren(notice("problem", `${count(failed.length, "image")} could not be deleted`, failed.join(" ")));
    drop.remove();
    said.replaceChildren(notice("note", "Only the one you kept is left"));
  };
  mark();
  return h("section", { class: "sheet stack", "data-group": best }, h("div", { class: "twins", role: "radiogroup", "aria-label": "Which to keep" }, drawn.map(({ element }) => element)), !is_whole && h("p", { class: "soft small" }, "There are more like these; they are shown once some of these are gone."), said, may("write") && h("div", { class: "actions" }, drop, members.length === 2 && h("a", { class: "button plain", href: `#/${encodeURIComponent(project)}/compare/${members[0].asset_id}?with=${members[1].asset_id}` }, "Compare the two")));
}
