// @ts-check
// One conversation: what was said, how WeChat took it, and what staff may do.

import { ownPicture } from "/page/api.js";
import { fill, h, icon } from "/page/element.js";
import { StaffComposer } from "/page/staff_composer.js";
import { chatTime, clockNow } from "/page/times.js";
import { nameOf, stateOf } from "./people.js";
import { say } from "./words.js";

/**
 * @typedef {import("./types.js").Customer} Customer
 * @typedef {import("./types.js").Item} Item
 * @typedef {import("/page/staff_desk.js").Act} Act
 */

const NEAR_THE_END_PX = 80;
const APART_MS = 5 * 60_000;

export class Talk {
  /**
   * @param {Act} act
   * @param {() => void} back
   */
  constructor(act, back) {
    this.act = act;
    this.head = h("header", { class: "talk-head" });
    this.log = h("div", { class: "talk-log", role: "log", "aria-label": say("customers"), tabindex: 0 });
    this.composer = new StaffComposer(say, 2000, act, () => (this.log.scrollTop = this.log.scrollHeight));
    this.back = h("button", { type: "button", class: "quiet back", "aria-label": say("back"), onclick: back }, icon("back"));
    this.element = h("main", { class: "talk" });
    /** @type {string | null} */
    this.shown = null;
    this.nobody();
  }

  nobody() {
    this.shown = null;
    fill(this.element, h("p", { class: "nothing" }, say("choose")));
  }

  /**
   * @param {unknown} _ the product
   * @param {Customer} customer
   */
  show(_, customer) {
    const isNew = this.shown !== customer.openid;
    const stays = !isNew && this.log.scrollHeight - this.log.scrollTop - this.log.clientHeight > NEAR_THE_END_PX;
    if (isNew) fill(this.element, this.head, this.log, this.composer.element);
    if (isNew) this.composer.clear();
    this.shown = customer.openid;
    this.showHead(customer);
    fill(this.log, ...lines(customer));
    if (!stays) this.log.scrollTop = this.log.scrollHeight;
    const mayTalk = customer.state === "serving";
    this.composer.close(mayTalk ? "" : say("accept_first"));
  }

  /** @param {Customer} customer */
  showHead(customer) {
    const focused = document.activeElement instanceof HTMLElement && this.head.contains(document.activeElement) ? document.activeElement.dataset["does"] : null;
    const button = (/** @type {string} */ does, /** @type {string} */ more) =>
      h("button", { type: "button", class: more, "data-does": does, onclick: () => void this.act(does, {}) }, say(does));
    fill(
      this.head,
      this.back,
      h("div", { class: "who" }, h("h2", {}, nameOf(customer)), h("p", {}, stateOf(customer))),
      h("div", { class: "actions" }, customer.state === "serving" ? null : button("accept", "strong"), customer.state === "idle" ? null : button("close", "ends")),
    );
    if (focused) /** @type {HTMLElement | null} */ (this.head.querySelector(`[data-does="${focused}"]`))?.focus();
  }
}

/** @param {Customer} customer */
function lines(customer) {
  if (!customer.items.length) return [h("p", { class: "nothing" }, say("said_nothing"))];
  /** @type {Node[]} */
  const made = [];
  let last = 0;
  for (const item of customer.items) {
    const at = Date.parse(item.at);
    const time = at - last > APART_MS ? chatTime(at, clockNow()) : "";
    if (item.sender === "notice") made.push(h("p", { class: "divider" }, [time, item.text ?? ""].filter(Boolean).join(" · ")));
    else {
      if (time) made.push(h("p", { class: "divider" }, time));
      made.push(bubble(item));
    }
    last = at;
  }
  return made;
}

/** @param {Item} item */
function bubble(item) {
  const mine = item.sender !== "customer";
  const name = item.sender === "machine" ? say("machine") : item.name;
  return h(
    "article",
    { class: `said ${mine ? "ours" : "theirs"}${item.sender === "machine" ? " robot" : ""}` },
    mine && name ? h("small", {}, name) : null,
    h("div", { class: "bubble" }, content(item)),
    mine && item.errcode === null ? h("small", {}, say("sending")) : null,
    mine && item.errcode ? h("p", { class: "trouble" }, say("not_sent", { code: item.errcode, why: item.error ?? "" })) : null,
  );
}

/** @param {Item} item */
function content(item) {
  const own = ownPicture(item.url);
  if (own && item.type === "image") return h("img", { src: own, alt: say("picture"), loading: "lazy" });
  return item.text ?? say("other_type", { type: item.type });
}
