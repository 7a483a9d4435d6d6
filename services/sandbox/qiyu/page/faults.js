// @ts-check
// What goes wrong on purpose: with calls, by endpoint, and with pushes.

import { h, labelled } from "/page/element.js";
import { HTTP, SLOW_MS, StaffFaults, choice } from "/page/staff_faults.js";
import { say } from "./words.js";

/**
 * @typedef {import("./types.js").Faults} Faults
 * @typedef {import("./types.js").ApiFault} ApiFault
 */

const EVERYWHERE = "/openapi/";
const PATHS = [EVERYWHERE, ...["message/send", "message/uploadFile", "event/applyStaff", "event/updateUInfo", "event/queryQueueStatus", "event/evaluate"].map((path) => EVERYWHERE + path)];
const EFFECTS = ["dead", "code", "http", "drop_answer", "latency"];
const PUSH_FAULTS = ["duplicate", "wrong_checksum", "reverse_transfer", "unknown_type", "string_content", "minimal_start"];

/**
 * @param {(faults: Faults) => void} spoil
 * @returns {StaffFaults<Faults>}
 */
export function faultForm(spoil) {
  const path = choice(PATHS.map((one) => [one, placeOf(one)]));
  const effect = choice(EFFECTS.map((one) => [one, say(`effect_${one}`)]));
  const code = h("input", { type: "number", value: 14500, min: 1 });
  const codeRow = labelled(say("code"), code);
  const showCode = () => { codeRow.hidden = effect.value !== "code"; };
  effect.addEventListener("change", showCode);
  showCode();
  /** @type {import("/page/staff_faults.js").Kinds<Faults>} */
  const kinds = {
    say,
    none: { api: [], push: {} },
    counted: ["api"],
    spoilt: "push",
    boxes: PUSH_FAULTS,
    fields: [labelled(say("path"), path), labelled(say("effect"), effect), codeRow],
    made: (times) => ["api", apiFault(path.value, effect.value, Number(code.value), times)],
    inWords: (_, fault) => `${placeOf(fault.path)} · ${effectOf(fault)}`,
  };
  return new StaffFaults(kinds, spoil);
}

/** @param {string} path */
function placeOf(path) {
  return path === EVERYWHERE ? say("path_all") : path.replace(EVERYWHERE, "");
}

/**
 * @param {string} path
 * @param {string} effect
 * @param {number} code
 * @param {number | null} times
 * @returns {ApiFault}
 */
function apiFault(path, effect, code, times) {
  return {
    path,
    code: effect === "code" ? code : null,
    http: effect === "http" ? HTTP : null,
    drop_answer: effect === "drop_answer",
    dead: effect === "dead",
    latency_ms: effect === "latency" ? SLOW_MS : 0,
    times,
  };
}

/** @param {ApiFault} fault */
function effectOf(fault) {
  if (fault.code !== null) return String(fault.code);
  if (fault.http !== null) return `HTTP ${fault.http}`;
  return say(fault.dead ? "effect_dead" : fault.drop_answer ? "effect_drop_answer" : "effect_latency");
}
