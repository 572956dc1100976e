/** Images that are nearly the same, side by side: keep the best, delete its near-duplicates. */

import { confirmed, h, linkTo, notice } from "./dom.js";
import { absent, picture } from "./picture.js";
import { api, may, working } from "./session.js";
import { gradeOf, score } from "./score_words.js";
import { count, named, number } from "./words.js";

const NAMES_SHOWN = 5;

export async function view(place, { project }) {
  const list = h("div", { class: "stack" });
  const foot = h("div", { class: "foot" });
  const said = h("div");
  const text =
    "Images that look nearly the same. The one to keep is the best of its group; choose another if you know better. " +
    "What differs too much from it stays, for the next round.";
  place.append(
    h("div", { class: "head" }, h("div", {}, h("h1", {}, "Duplicates"), h("p", {}, text))),
    list,
    said,
    foot,
  );
  let cursor = null;
  const more = async () => {
    const page = await api.get(`v1/projects/${project}/duplicates`, { cursor });
    list.append(...page.groups.map((group) => new Group(group, project).element));
    cursor = page.next_cursor;
    foot.replaceChildren(...(cursor ? [button] : []));
    if (!cursor && !list.children.length) list.append(nothingAlike());
  };
  const button = h("button", { onclick: () => working(button, said, more) }, "Show more");
  await more();
}

const nothingAlike = () =>
  h(
    "div",
    { class: "lonely" },
    h("h2", {}, "No two are alike"),
    h("p", {}, "Near duplicates appear here as soon as there are some."),
  );

/** Bits in which the perceptual hashes of two images differ. */
const bitsApart = (one, other) =>
  (BigInt(`0x${one.perceptual_hash}`) ^ BigInt(`0x${other.perceptual_hash}`)).toString(2).replaceAll("0", "").length;

class Group {
  constructor({ best, flagged_below, members, is_whole }, project) {
    this.project = project;
    this.kept = best;
    this.flaggedBelow = flagged_below;
    this.members = members;
    this.said = h("div");
    this.drop = h("button", { class: "danger", onclick: () => this.dropOthers() });
    this.twins = new Map(members.map((member) => [member.asset_id, this.twin(member)]));
    const pair =
      members.length === 2 &&
      h(
        "a",
        { class: "button plain", href: linkTo(project, "compare", members[0].asset_id, { with: members[1].asset_id }) },
        "Compare the two",
      );
    this.actions = h("div", { class: "actions" }, may("write") && this.drop, pair);
    this.element = h(
      "section",
      { class: "sheet stack", "data-group": best },
      h("div", { class: "twins", role: "radiogroup", "aria-label": "Which to keep" }, [...this.twins.values()]),
      !is_whole &&
        h("p", { class: "soft small" }, "There are more like these; they are shown once some of these are gone."),
      this.said,
      this.actions,
    );
    this.mark();
  }

  twin(member) {
    const keep = () => {
      this.kept = member.asset_id;
      this.mark();
    };
    const shown = member.thumbnail_url
      ? picture(member.thumbnail_url, member.asset_id, { loading: "lazy" })
      : absent(member.asset_id);
    const radio = h("input", { type: "radio", name: `keep-${this.kept}`, checked: member.is_best, onchange: keep });
    return h(
      "div",
      { class: "twin", "data-asset": member.asset_id },
      h(
        "a",
        { class: "tile", href: linkTo(this.project, "image", member.asset_id), "aria-label": member.filename },
        shown,
      ),
      h(
        "label",
        { class: "inline", title: member.filename },
        radio,
        h("span", { class: "row-name" }, `Keep ${member.filename}`),
      ),
      h(
        "span",
        {},
        h("span", { class: `badge ${gradeOf(member.overall_quality)}` }, score(member.overall_quality)),
        " ",
        h("span", { class: "soft", "data-note": "" }),
      ),
    );
  }

  /** The near-duplicates of the one that is kept, the latest first: on that no other hangs, so it goes cheaply. */
  get others() {
    const near = ({ asset_id }) => asset_id !== this.kept && this.bits.get(asset_id) < this.flaggedBelow;
    return this.members.filter(near).reverse();
  }

  noteOf({ asset_id, is_best }) {
    const bits = this.bits.get(asset_id);
    const differ = asset_id !== this.kept && `${bits} of 64 bits differ`;
    return [is_best && "the best of these", differ, bits >= this.flaggedBelow && "so it stays"].filter(Boolean).join(", ");
  }

  mark() {
    const kept = this.members.find(({ asset_id }) => asset_id === this.kept);
    this.bits = new Map(this.members.map((member) => [member.asset_id, bitsApart(member, kept)]));
    for (const member of this.members) {
      const element = this.twins.get(member.asset_id);
      element.classList.toggle("kept", member === kept);
      element.querySelector("[data-note]").textContent = this.noteOf(member);
    }
    this.drop.hidden = !this.others.length;
    this.drop.textContent = `Delete the other ${this.others.length === 1 ? "one" : number(this.others.length)}`;
  }

  async dropOthers() {
    const names = this.others.map(({ filename }) => named(filename));
    const shown = names.slice(0, NAMES_SHOWN).join(", ") + (names.length > NAMES_SHOWN ? " and others" : "");
    const title = `Delete ${count(names.length, "image")}?`;
    if (!(await confirmed(title, `${shown}: their renditions and scores go with them.`, "Delete"))) return;
    await working(this.drop, this.said, async () => {
      await this.checkKept();
      for (const { asset_id } of this.others) await this.dropOne(asset_id);
      this.actions.remove();
      const left = this.members.length === 1 ? "Only the one you kept is left" : "What is left differs too much from it";
      this.said.replaceChildren(notice("note", left));
    });
  }

  /** Somebody may have deleted it meanwhile: without the others nothing would be left. */
  async checkKept() {
    try {
      await api.get(`v1/assets/${this.kept}`);
    } catch (error) {
      throw error.status === 404 ? new Error("The one to keep is gone; choose another.") : error;
    }
  }

  async dropOne(assetId) {
    const element = this.twins.get(assetId);
    element.classList.add("going");
    try {
      await api.delete(`v1/assets/${assetId}`);
    } catch (error) {
      element.classList.remove("going");
      // Somebody else has deleted it.
      if (error.status !== 404) throw error;
    }
    element.remove();
    this.members = this.members.filter(({ asset_id }) => asset_id !== assetId);
    this.mark();
  }
}
