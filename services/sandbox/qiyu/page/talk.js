// @ts-check
// One conversation: what was said, session by session, and what its staff may do.

import { fill, h, icon } from "/page/element.js";
import { StaffComposer } from "/page/staff_composer.js";
import { clockNow, chatTime } from "/page/times.js";
import { nameOf, standingOf } from "./people.js";
import { say } from "./words.js";

/**
 * @typedef {import("./types.js").Account} Account
 * @typedef {import("./types.js").Customer} Customer
 * @typedef {import("./types.js").Message} Message
 * @typedef {import("./types.js").Session} Session
 * @typedef {import("/page/staff_desk.js").Act} Act
 */

const NEAR_THE_END_PX = 80;

export class Talk {
  /**
   * @param {Act} act
   * @param {() => void} back
   */
  constructor(act, back) {
    this.act = act;
    this.head = h("header", { class: "talk-head" });
    this.log = h("div", { class: "talk-log", role: "log", "aria-label": say("message"), tabindex: 0 });
    this.composer = new StaffComposer(say, 4000, act, () => (this.log.scrollTop = this.log.scrollHeight));
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
   * @param {Account} account
   * @param {Customer} customer
   */
  show(account, customer) {
    const isNew = this.shown !== customer.uid;
    const stays = !isNew && this.log.scrollHeight - this.log.scrollTop - this.log.clientHeight > NEAR_THE_END_PX;
    if (isNew) fill(this.element, this.head, this.log, this.composer.element);
    if (isNew) this.composer.clear();
    this.shown = customer.uid;
    this.showHead(account, customer);
    fill(this.log, ...lines(account, customer));
    if (!stays) this.log.scrollTop = this.log.scrollHeight;
    const mayTalk = customer.session?.kind === "human";
    this.composer.close(mayTalk ? "" : say(customer.standing === "none" ? "begin_first" : "accept_first"));
  }

  /**
   * @param {Account} account
   * @param {Customer} customer
   */
  showHead(account, customer) {
    const focused = document.activeElement instanceof HTMLElement && this.head.contains(document.activeElement) ? document.activeElement.dataset["does"] : null;
    fill(
      this.head,
      this.back,
      h("div", { class: "who" }, h("h2", {}, nameOf(customer)), h("p", {}, [standingOf(account, customer), ...graded(customer)].join(" · "))),
      h("div", { class: "actions" }, ...this.actions(account, customer)),
    );
    if (focused) /** @type {HTMLElement | null} */ (this.head.querySelector(`[data-does="${focused}"]`))?.focus();
  }

  /**
   * @param {Account} account
   * @param {Customer} customer
   */
  actions(account, customer) {
    const button = (/** @type {string} */ does, /** @type {string} */ more = "") =>
      h("button", { type: "button", class: more, "data-does": does, onclick: () => void this.act(does, {}) }, say(does));
    const rated = customer.last_session && !customer.last_session.evaluation;
    switch (customer.standing) {
      case "human":
        return [button("invite"), this.transfers(account, customer), button("close", "ends")];
      case "none":
        return [rated ? button("invite") : null, button("begin")];
      default:
        return [button("accept", "strong")];
    }
  }

  /**
   * @param {Account} account
   * @param {Customer} customer
   */
  transfers(account, customer) {
    const others = account.staff.filter((one) => one.online && one.id !== customer.session?.staff_id);
    const choice = h("select", { "aria-label": say("transfer"), "data-does": "transfer", disabled: !others.length }, h("option", { value: "" }, say("transfer")));
    choice.append(...others.map((one) => h("option", { value: one.id }, one.name)));
    choice.addEventListener("change", () => {
      if (choice.value) void this.act("transfer", { staff_id: Number(choice.value) });
    });
    return choice;
  }
}

/**
 * A line between sessions, then what was said in each.
 * @param {Account} account
 * @param {Customer} customer
 */
function lines(account, customer) {
  if (!customer.messages.length) return [h("p", { class: "nothing" }, say("said_nothing"))];
  /** @type {Node[]} */
  const made = [];
  /** @type {number | null | undefined} */
  let session;
  for (const message of customer.messages) {
    if (message.session_id !== session) {
      session = message.session_id;
      made.push(divider(message));
    }
    made.push(bubble(account, message));
  }
  const last = customer.last_session;
  if (last && !last.open && last.close_reason !== null) made.push(h("p", { class: "divider" }, `${say("session", { id: last.id })} · ${say(`ended_${last.close_reason}`)}`));
  return made;
}

/** @param {Message} message */
function divider(message) {
  const time = chatTime(Date.parse(message.at), clockNow());
  const words = message.session_id === null ? say("before_session") : say("session", { id: message.session_id });
  return h("p", { class: "divider" }, `${time} · ${words}`);
}

/**
 * @param {Account} account
 * @param {Message} message
 */
function bubble(account, message) {
  const mine = message.from !== "customer";
  const name = message.from === "robot" ? say("robot") : account.staff.find((one) => one.id === message.staff_id)?.name;
  return h(
    "article",
    { class: `said ${mine ? "ours" : "theirs"} ${message.from}` },
    mine && name ? h("small", {}, name) : null,
    h("div", { class: "bubble" }, content(message)),
  );
}

/** @param {Message} message */
function content(message) {
  const own = ownFile(message.url);
  if (own && message.type === "PICTURE") {
    return h("a", { href: own, target: "_blank", rel: "noopener", "aria-label": say("enlarge") }, h("img", { src: own, alt: say("picture"), loading: "lazy" }));
  }
  if (message.text !== null) return message.text;
  return say("other_type", { type: message.type }) + (message.url ? ` ${message.url}` : "");
}

/**
 * A file's address on this page's own origin; null for any other place.
 * @param {string | null} url
 */
function ownFile(url) {
  try {
    const path = url ? new URL(url, location.href).pathname : "";
    return path.startsWith("/files/") ? path : null;
  } catch {
    return null;
  }
}

/** @param {Customer} customer */
function graded(customer) {
  const session = customer.session?.kind === "human" ? customer.session : customer.last_session;
  if (!session) return [];
  if (session.evaluation !== null) return [say("graded", { value: session.evaluation })];
  return session.invited_at ? [say("invited")] : [];
}

