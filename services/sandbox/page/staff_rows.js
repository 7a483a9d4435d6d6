// @ts-check
// Rows that every vendor's desk has: one of the staff, what is known of a customer, a call told to us.

import { fill, h } from "./element.js";
import { hourMinuteSecond } from "./times.js";

/**
 * @typedef {import("./staff_desk.js").Staff} Staff
 * @typedef {(key: string, values?: Record<string, string | number>) => string} Say
 * @typedef {{status: number | null, error: string | null}} Attempt
 * @typedef {{event: string, at: string, accepted: boolean | null, attempts: Attempt[]}} Told
 */

/**
 * The staff and whether they are there; who had the focus keeps it.
 * @param {HTMLElement} place
 * @param {Say} say
 * @param {Staff[]} staff
 * @param {(staff: number, online: boolean) => void} stand
 */
export function showStaff(place, say, staff, stand) {
  const focused = document.activeElement instanceof HTMLElement ? document.activeElement.dataset["staff"] : undefined;
  const rows = staff.map((one) => member(say, one, stand));
  fill(place, h("h3", {}, say("staff")), rows.length ? h("ul", {}, ...rows) : h("p", { class: "hint" }, say("no_staff")));
  if (focused) /** @type {HTMLElement | null} */ (place.querySelector(`[data-staff="${focused}"]`))?.focus();
}

/**
 * @param {Say} say
 * @param {Staff} one
 * @param {(staff: number, online: boolean) => void} stand
 */
function member(say, one, stand) {
  const words = say(one.online ? "online" : "offline");
  return h(
    "li",
    { class: "member" },
    h("span", { class: "who" }, h("strong", {}, one.name), h("small", {}, say("load", { n: one.load }))),
    h(
      "button",
      { type: "button", class: "presence", role: "switch", "aria-checked": String(one.online), "aria-label": `${one.name}: ${words}`, "data-staff": one.id, onclick: () => stand(one.id, !one.online) },
      words,
    ),
  );
}

/** @param {(string | undefined)[][]} rows a term and its value each */
export function facts(rows) {
  return h("dl", { class: "facts" }, ...rows.map(([term, value]) => h("div", {}, h("dt", {}, term ?? ""), h("dd", {}, value ?? ""))));
}

/**
 * What the vendor told us of, the newest first.
 * @param {HTMLElement} place
 * @param {Say} say
 * @param {string} title
 * @param {Told[]} told
 */
export function showTold(place, say, title, told) {
  const rows = [...told].reverse().map((one) => toldRow(say, one));
  fill(place, h("h3", {}, title), rows.length ? h("ol", {}, ...rows) : h("p", { class: "hint" }, say("none_told")));
}

/**
 * @param {Say} say
 * @param {Told} one
 */
function toldRow(say, one) {
  const state = one.accepted === null ? "waiting" : one.accepted ? "accepted" : "failed";
  const trouble = one.accepted ? null : one.attempts.at(-1)?.error;
  const tries = one.attempts.length > 1 ? ` · ${say("attempts", { n: one.attempts.length })}` : "";
  return h(
    "li",
    { class: `push ${state}` },
    h("span", { class: "push-head" }, h("code", {}, one.event), h("time", {}, hourMinuteSecond(Date.parse(one.at)))),
    h("small", {}, say(`told_${state}`) + tries),
    trouble ? h("p", { class: "trouble", title: trouble }, trouble) : null,
  );
}
