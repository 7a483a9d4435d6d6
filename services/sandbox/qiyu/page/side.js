// @ts-check
// Beside the conversation: staff and whether they are there, what is known of the customer, pushes, faults.

import { fill, h } from "/page/element.js";
import { hourMinuteSecond } from "/page/times.js";
import { FaultForm } from "./faults.js";
import { say } from "./words.js";

/**
 * @typedef {import("./types.js").Account} Account
 * @typedef {import("./types.js").Customer} Customer
 * @typedef {import("./types.js").Push} Push
 * @typedef {import("./types.js").Faults} Faults
 */

const SHOWN_PUSHES = 10;
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
    this.faults = new FaultForm(spoil);
    this.element = h("aside", { class: "side", "aria-label": say("details") }, this.staff, this.known, this.faults.element, this.pushes);
  }

  /**
   * @param {Account} account
   * @param {Customer | null} customer
   */
  show(account, customer) {
    const focused = document.activeElement instanceof HTMLElement ? document.activeElement.dataset["staff"] : undefined;
    fill(this.staff, h("h3", {}, say("staff")), account.staff.length ? h("ul", {}, ...account.staff.map((one) => this.member(one))) : h("p", { class: "hint" }, say("no_staff")));
    if (focused) /** @type {HTMLElement | null} */ (this.staff.querySelector(`[data-staff="${focused}"]`))?.focus();
    this.known.hidden = !customer;
    if (customer) fill(this.known, h("h3", {}, say("known")), facts(customer));
    const newest = account.pushes.slice(-SHOWN_PUSHES).reverse();
    fill(this.pushes, h("h3", {}, say("pushes")), newest.length ? h("ol", {}, ...newest.map(push)) : h("p", { class: "hint" }, say("no_pushes")));
    this.faults.show(account.faults);
  }

  /** @param {import("./types.js").Staff} one */
  member(one) {
    const words = say(one.online ? "online" : "offline");
    return h(
      "li",
      { class: "member" },
      h("span", { class: "who" }, h("strong", {}, one.name), h("small", {}, say("load", { n: one.load }))),
      h(
        "button",
        { type: "button", class: "presence", role: "switch", "aria-checked": String(one.online), "aria-label": `${one.name}: ${words}`, "data-staff": one.id, onclick: () => this.stand(one.id, !one.online) },
        words,
      ),
    );
  }
}

/** @param {Customer} customer */
function facts(customer) {
  const told = customer.profile.filter((entry) => entry.value !== undefined && entry.value !== null);
  const rows = told.map((entry) => [entry.label || say(`key_${entry.key}`).replace(/^key_/, ""), String(entry.value)]);
  const from = Object.entries(customer.application).filter(([name, value]) => !NOT_SHOWN.includes(name) && value !== "" && value !== null && value !== 0);
  rows.push(...from.map(([name, value]) => [name, String(value)]), ["uid", customer.uid]);
  return h("dl", { class: "facts" }, ...rows.map(([term, value]) => h("div", {}, h("dt", {}, term ?? ""), h("dd", {}, value ?? ""))));
}

/** @param {Push} one */
function push(one) {
  const state = one.accepted === null ? "waiting" : one.accepted ? "accepted" : "failed";
  const trouble = one.accepted ? null : one.attempts.at(-1)?.error;
  const tries = one.attempts.length > 1 ? ` · ${say("attempts", { n: one.attempts.length })}` : "";
  return h(
    "li",
    { class: `push ${state}` },
    h("span", { class: "push-head" }, h("code", {}, one.event), h("time", {}, hourMinuteSecond(Date.parse(one.at)))),
    h("small", {}, say(`push_${state}`) + tries),
    trouble ? h("p", { class: "trouble", title: trouble }, trouble) : null,
  );
}
