// @ts-check
// Who is there, in the order in which they need somebody. Names, and how they stand, in words.

import { avatar } from "/page/avatar.js";
import { fill, h } from "/page/element.js";
import { say } from "./words.js";

/**
 * @typedef {import("./types.js").Account} Account
 * @typedef {import("./types.js").Customer} Customer
 * @typedef {import("./types.js").Standing} Standing
 */

/** @type {Standing[]} */
const ORDER = ["line", "word", "human", "robot", "none"];

/**
 * What the profile says they are called; else the beginning of their uid.
 * @param {Customer} customer
 */
export function nameOf(customer) {
  const real = customer.profile.find((entry) => entry.key === "real_name")?.value;
  return typeof real === "string" && real ? real : customer.uid.slice(0, 10);
}

/**
 * @param {Account} account
 * @param {Customer} customer
 */
export function standingOf(account, customer) {
  const place = account.queue.find((one) => one.uid === customer.uid);
  if (place) return place.ahead ? say("ahead", { n: place.ahead }) : say("first");
  if (customer.session) return say("with", { name: customer.session.kind === "robot" ? say("robot") : customer.session.staff_name });
  return say(`group_${customer.standing}`);
}

export class People {
  /** @param {(uid: string) => void} choose */
  constructor(choose) {
    this.choose = choose;
    this.element = h("nav", { class: "everyone", "aria-label": say("customers") });
    /** @type {Record<string, number>} what was said when they were last looked at */
    this.seen = {};
  }

  /**
   * @param {Account} account
   * @param {string | null} chosen
   */
  show(account, chosen) {
    const everybody = Object.values(account.customers);
    const current = chosen ? account.customers[chosen] : undefined;
    if (current) this.seen[current.uid] = current.said;
    const groups = ORDER.map((standing) => this.group(account, standing, everybody, chosen)).filter(Boolean);
    if (everybody.length) fill(this.element, ...groups);
    else fill(this.element, h("p", { class: "nothing" }, say("nobody")));
  }

  /**
   * @param {Account} account
   * @param {Standing} standing
   * @param {Customer[]} everybody
   * @param {string | null} chosen
   */
  group(account, standing, everybody, chosen) {
    const those = everybody.filter((one) => one.standing === standing);
    if (!those.length) return null;
    if (standing === "line") those.sort((one, other) => placeOf(account, one) - placeOf(account, other));
    else those.sort((one, other) => sessionId(other) - sessionId(one));
    const rows = those.map((one) => h("li", {}, this.row(account, one, one.uid === chosen)));
    return h("section", {}, h("h2", {}, say(`group_${standing}`), " ", h("span", { class: "count" }, String(those.length))), h("ul", {}, ...rows));
  }

  /**
   * @param {Account} account
   * @param {Customer} one
   * @param {boolean} isChosen
   */
  row(account, one, isChosen) {
    const fresh = isChosen ? 0 : one.said - (this.seen[one.uid] ?? 0);
    return h(
      "button",
      { type: "button", class: "person", "data-standing": one.standing, "aria-current": isChosen ? "true" : null, onclick: () => this.choose(one.uid) },
      avatar(one.uid, nameOf(one)),
      h("span", { class: "who" }, h("strong", {}, nameOf(one)), h("small", {}, standingOf(account, one))),
      fresh > 0 ? h("span", { class: "fresh" }, fresh > 99 ? "99+" : String(fresh)) : null,
    );
  }
}

/**
 * @param {Account} account
 * @param {Customer} one
 */
function placeOf(account, one) {
  return account.queue.findIndex((waiting) => waiting.uid === one.uid);
}

/** @param {Customer} one */
function sessionId(one) {
  return (one.session ?? one.last_session)?.id ?? 0;
}
