// @ts-check
// API calls as rows: path, outcome, whether it reached the phone; the body on request.

import { h } from "./element.js";
import { hourMinuteSecond } from "./times.js";
import { say } from "./words.js";

/** @typedef {import("./types.js").Call} Call */

/** @param {Call[]} calls oldest first */
export function callRows(calls) {
  if (!calls.length) return h("p", { class: "hint" }, say("no_calls"));
  return h("ol", { class: "calls" }, ...[...calls].reverse().map(row));
}

/** @param {Call} call */
function row(call) {
  const isGood = call.status !== null && call.status < 400 && !call.errcode;
  const body = call.body === null ? null : typeof call.body === "string" ? call.body : JSON.stringify(call.body, null, 2);
  const line = [
    h("time", {}, hourMinuteSecond(Date.parse(call.at))),
    h("code", { class: "call-path", title: call.path }, call.path.replace(/^\/cgi-bin\//, "")),
    h("span", { class: isGood ? "badge good" : "badge bad" }, outcome(call)),
  ];
  const reached = call.delivered ? h("span", { class: "reached", title: say("reached_phone"), role: "img", "aria-label": say("reached_phone") }, "✓") : null;
  if (body === null) return h("li", {}, h("p", { class: "call" }, ...line, reached));
  return h("li", {}, h("details", {}, h("summary", { class: "call" }, ...line, reached), h("pre", {}, body)));
}

/** @param {Call} call */
function outcome(call) {
  if (call.status === null) return say("no_status");
  if (call.errcode !== null) {
    const words = say(`errcode_${call.errcode}`);
    return words.startsWith("errcode_") ? String(call.errcode) : `${call.errcode} ${words}`;
  }
  return call.status === 200 ? say("errcode_0") : `HTTP ${call.status}`;
}
