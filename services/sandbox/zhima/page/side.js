// @ts-check
// Beside the conversation: staff and whether they are there, what is known of the customer, tokens, faults, events.

import { fill, h } from "/page/element.js";
import { facts, showStaff, showTold } from "/page/staff_rows.js";
import { hourMinuteSecond } from "/page/times.js";
import { faultForm } from "./faults.js";
import { say } from "./words.js";

/**
 * @typedef {import("./types.js").Product} Product
 * @typedef {import("./types.js").Customer} Customer
 */

export class Side {
  /**
   * @param {(staff: number, online: boolean) => void} stand
   * @param {(faults: import("./types.js").Faults) => void} spoil
   */
  constructor(stand, spoil) {
    this.stand = stand;
    this.staff = h("section", { class: "part" });
    this.known = h("section", { class: "part" });
    this.replies = h("section", { class: "part" });
    this.events = h("section", { class: "part" });
    this.faults = faultForm(spoil);
    this.element = h("aside", { class: "side", "aria-label": say("details") }, this.staff, this.known, this.replies, this.faults.element, this.events);
  }

  /**
   * @param {Product} product
   * @param {Customer | null} customer
   */
  show(product, customer) {
    showStaff(this.staff, say, product.staff, this.stand);
    this.known.hidden = !customer;
    if (customer) fill(this.known, h("h3", {}, say("known")), facts(known(customer)));
    fill(this.replies, h("h3", {}, say("replies")), h("p", {}, say(`mode_${product.reply_mode}`)), token(product));
    showTold(this.events, say, say("events"), product.events);
    this.faults.show(product.faults);
  }
}

/** @param {Customer} customer */
function known(customer) {
  const rows = [["openid", customer.openid]];
  if (customer.chat_session !== null) rows.push([say("chat_session"), String(customer.chat_session)]);
  if (customer.session_from) rows.push([say("session_from"), customer.session_from]);
  return rows;
}

/** @param {Product} product */
function token(product) {
  const last = product.token_fetches.at(-1);
  if (!last) return h("p", { class: "hint" }, say("no_token"));
  if (last.error) return h("p", { class: "trouble" }, say("token_trouble", { why: last.error }));
  return h("p", { class: "hint" }, say("token", { at: hourMinuteSecond(Date.parse(last.at)) }));
}
