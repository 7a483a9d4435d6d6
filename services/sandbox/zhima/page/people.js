// @ts-check
// Who is there, in the order in which they need somebody.

import { avatar } from "/page/avatar.js";
import { fill, h } from "/page/element.js";
import { say } from "./words.js";

/**
 * @typedef {import("./types.js").Product} Product
 * @typedef {import("./types.js").Customer} Customer
 * @typedef {import("./types.js").State} State
 */

/** @type {State[]} */
const ORDER = ["waiting", "serving", "idle"];
const LONGEST_NAME = 10;

/**
 * The name their session-from tells; else the end of their openid.
 * @param {Customer} customer
 */
export function nameOf(customer) {
  try {
    const told = JSON.parse(customer.session_from)?.nickName;
    if (typeof told === "string" && told) return told;
  } catch {
    // Mini programs may write anything there.
  }
  return customer.openid.slice(-LONGEST_NAME);
}

/** @param {Customer} customer */
export function stateOf(customer) {
  return customer.state === "serving" && customer.staff ? say("with", { name: customer.staff }) : say(`state_${customer.state}`);
}

export class People {
  /** @param {(openid: string) => void} choose */
  constructor(choose) {
    this.choose = choose;
    this.element = h("nav", { class: "everyone", "aria-label": say("customers") });
    /** @type {Record<string, number>} what was said when they were last looked at */
    this.seen = {};
  }

  /**
   * @param {Product} product
   * @param {string | null} chosen
   */
  show(product, chosen) {
    const everybody = Object.values(product.customers);
    const current = chosen ? product.customers[chosen] : undefined;
    if (current) this.seen[current.openid] = current.said;
    const focused = document.activeElement instanceof HTMLElement ? document.activeElement.dataset["openid"] : undefined;
    if (everybody.length) fill(this.element, ...ORDER.map((state) => this.group(state, everybody, chosen)));
    else fill(this.element, h("p", { class: "nothing" }, say("nobody")));
    if (focused) /** @type {HTMLElement | null} */ (this.element.querySelector(`[data-openid="${CSS.escape(focused)}"]`))?.focus();
  }

  /**
   * @param {State} state
   * @param {Customer[]} everybody
   * @param {string | null} chosen
   */
  group(state, everybody, chosen) {
    const those = everybody.filter((one) => one.state === state);
    if (!those.length) return null;
    those.sort((one, other) => String(other.last_at).localeCompare(String(one.last_at)));
    const rows = those.map((one) => h("li", {}, this.row(one, one.openid === chosen)));
    return h("section", {}, h("h2", {}, say(`state_${state}`), " ", h("span", { class: "count" }, String(those.length))), h("ul", {}, ...rows));
  }

  /**
   * @param {Customer} one
   * @param {boolean} isChosen
   */
  row(one, isChosen) {
    const fresh = isChosen ? 0 : one.said - (this.seen[one.openid] ?? 0);
    return h(
      "button",
      {
        type: "button",
        class: "person",
        "data-standing": one.state === "waiting" ? "line" : one.state,
        "data-openid": one.openid,
        "aria-current": isChosen ? "true" : null,
        onclick: () => this.choose(one.openid),
      },
      avatar(one.openid, nameOf(one)),
      h("span", { class: "who" }, h("strong", {}, nameOf(one)), h("small", {}, stateOf(one))),
      fresh > 0 ? h("span", { class: "fresh" }, fresh > 99 ? "99+" : String(fresh)) : null,
    );
  }
}
