// @ts-check
// What goes wrong on purpose: with the taking of pushes, with events, with the fetching of tokens.

import { labelled } from "/page/element.js";
import { HTTP, SLOW_MS, StaffFaults, choice } from "/page/staff_faults.js";
import { say } from "./words.js";

/**
 * @typedef {import("./types.js").Faults} Faults
 * @typedef {import("./types.js").PushFault} PushFault
 * @typedef {import("./types.js").TokenFault} TokenFault
 */

const EFFECTS = ["dead", "http", "drop_answer", "body", "latency", "token"];
const EVENT_FAULTS = ["duplicate", "double_escape", "int_msg_id"];
const BODY = "fail";

/**
 * @param {(faults: Faults) => void} spoil
 * @returns {StaffFaults<Faults>}
 */
export function faultForm(spoil) {
  const effect = choice(EFFECTS.map((one) => [one, say(`effect_${one}`)]));
  /** @type {import("/page/staff_faults.js").Kinds<Faults>} */
  const kinds = {
    say,
    none: { push: [], token: [], events: {} },
    counted: ["push", "token"],
    spoilt: "events",
    boxes: EVENT_FAULTS,
    fields: [labelled(say("effect"), effect)],
    made: (times) => (effect.value === "token" ? ["token", { http: HTTP, times }] : ["push", pushFault(effect.value, times)]),
    inWords: (list, fault) => say(`effect_${list === "token" ? "token" : effectOf(fault)}`),
  };
  return new StaffFaults(kinds, spoil);
}

/**
 * @param {string} effect
 * @param {number | null} times
 * @returns {PushFault}
 */
function pushFault(effect, times) {
  return {
    http: effect === "http" ? HTTP : null,
    dead: effect === "dead",
    drop_answer: effect === "drop_answer",
    body: effect === "body" ? BODY : null,
    latency_ms: effect === "latency" ? SLOW_MS : 0,
    times,
  };
}

/** @param {PushFault} fault */
function effectOf(fault) {
  if (fault.http !== null) return "http";
  if (fault.body !== null) return "body";
  return fault.dead ? "dead" : fault.drop_answer ? "drop_answer" : "latency";
}
