// @ts-check
// Beside the conversation: staff and whether they are there, what is known of the customer, tokens, events.

import { fill, h } from "/page/element.js";
import { hourMinuteSecond } from "/page/times.js";
import { say } from "./words.js";

/**
 * @typedef {import("./types.js").Product} Product
 * @typedef {import("./types.js").Customer} Customer
 */

export class Side {
  /** @param {(staff: number, online: boolean) => void} stand */
  constructor(stand) {
    this.stand = stand;
    this.staff = h("section", { class: "part" });
    this.known = h("section", { class: "part" });
    this.replies = h("section", { class: "part" });
    this.events = h("section", { class: "part" });
    this.element = h("aside", { class: "side", "aria-label": say("details") }, this.staff, this.known, this.replies, this.events);
  }

  /**
   * @param {Product} product
   * @param {Customer | null} customer
   */
  show(product, customer) {
    const focused = document.activeElement instanceof HTMLElement ? document.activeElement.dataset["staff"] : undefined;
    fill(this.staff, h("h3", {}, say("staff")), product.staff.length ? h("ul", {}, ...product.staff.map((one) => this.member(one))) : h("p", { class: "hint" }, say("no_staff")));
    if (focused) /** @type {HTMLElement | null} */ (this.staff.querySelector(`[data-staff="${focused}"]`))?.focus();
    this.known.hidden = !customer;
    if (customer) fill(this.known, h("h3", {}, say("known")), facts(customer));
    fill(this.replies, h("h3", {}, say("replies")), h("p", {}, say(`mode_${product.reply_mode}`)), token(product));
    const newest = [...product.events].reverse();
    fill(this.events, h("h3", {}, say("events")), newest.length ? h("ol", {}, ...newest.map(event)) : h("p", { class: "hint" }, say("no_events")));
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
  const rows = [["openid", customer.openid]];
  if (customer.chat_session !== null) rows.push([say("chat_session"), String(customer.chat_session)]);
  if (customer.session_from) rows.push([say("session_from"), customer.session_from]);
  return h("dl", { class: "facts" }, ...rows.map(([term, value]) => h("div", {}, h("dt", {}, term ?? ""), h("dd", {}, value ?? ""))));
}

/** @param {Product} product */
function token(product) {
  const last = product.token_fetches.at(-1);
  if (!last) return h("p", { class: "hint" }, say("no_token"));
  if (last.error) return h("p", { class: "trouble" }, say("token_trouble", { why: last.error }));
  return h("p", { class: "hint" }, say("token", { at: hourMinuteSecond(Date.parse(last.at)) }));
}

/** @param {import("./types.js").Event} one */
function event(one) {
  const state = one.accepted === null ? "waiting" : one.accepted ? "accepted" : "failed";
  const trouble = one.accepted ? null : one.attempts.at(-1)?.error;
  const tries = one.attempts.length > 1 ? ` · ${say("attempts", { n: one.attempts.length })}` : "";
  return h(
    "li",
    { class: `push ${state}` },
    h("span", { class: "push-head" }, h("code", {}, one.event), h("time", {}, hourMinuteSecond(Date.parse(one.at)))),
    h("small", {}, say(`event_${state}`) + tries),
    trouble ? h("p", { class: "trouble", title: trouble }, trouble) : null,
  );
}
