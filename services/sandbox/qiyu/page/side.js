// @ts-check
// Beside the conversation: staff and whether they are there, what is known of the customer, pushes, faults.

import { fill, h } from "/page/element.js";
import { facts, showStaff, showTold } from "/page/staff_rows.js";
import { faultForm } from "./faults.js";
import { say } from "./words.js";

/**
 * @typedef {import("./types.js").Account} Account
 * @typedef {import("./types.js").Customer} Customer
 * @typedef {import("./types.js").Faults} Faults
 */

const NOT_SHOWN = ["uid", "staffType"];

export class Side {
  /**
   * @param {(staff: number, online: boolean) => void} stand
   * @param {(faults: Faults) => void} spoil
   */
  constructor(stand, spoil) {
    this.stand = stand;
    this.staff = h("section", { class: "part" });
    this.known = h("section", { class: "part" });
    this.pushes = h("section", { class: "part" });
    this.faults = faultForm(spoil);
    this.element = h("aside", { class: "side", "aria-label": say("details") }, this.staff, this.known, this.faults.element, this.pushes);
  }

  /**
   * @param {Account} account
   * @param {Customer | null} customer
   */
  show(account, customer) {
    showStaff(this.staff, say, account.staff, this.stand);
    this.known.hidden = !customer;
    if (customer) fill(this.known, h("h3", {}, say("known")), facts(known(customer)));
    showTold(this.pushes, say, say("pushes"), account.pushes);
    this.faults.show(account.faults);
  }
}

/** @param {Customer} customer */
function known(customer) {
  const told = customer.profile.filter((entry) => entry.value !== undefined && entry.value !== null);
  const rows = told.map((entry) => [entry.label || say(`key_${entry.key}`).replace(/^key_/, ""), String(entry.value)]);
  const from = Object.entries(customer.application).filter(([name, value]) => !NOT_SHOWN.includes(name) && value !== "" && value !== null && value !== 0);
  return [...rows, ...from.map(([name, value]) => [name, String(value)]), ["uid", customer.uid]];
}
