// @ts-check
// What goes wrong on purpose: with calls, by endpoint, and with pushes.

import { fill, h, labelled, ticked } from "/page/element.js";
import { say } from "./words.js";

/**
 * @typedef {import("./types.js").Faults} Faults
 * @typedef {import("./types.js").ApiFault} ApiFault
 */

const PATHS = ["/openapi/", "/openapi/message/send", "/openapi/message/uploadFile", "/openapi/event/applyStaff", "/openapi/event/updateUInfo", "/openapi/event/queryQueueStatus", "/openapi/event/evaluate"];
const EFFECTS = ["dead", "code", "http", "drop_answer", "latency"];
const PUSH_FAULTS = ["wrong_checksum", "reverse_transfer", "unknown_type", "string_content", "minimal_start"];
const SLOW_MS = 5_000;
const HTTP = 500;

export class FaultForm {
  /** @param {(faults: Faults) => void} spoil */
  constructor(spoil) {
    this.spoil = spoil;
    /** @type {Faults} */
    this.faults = { api: [], push: {} };
    this.path = h("select", {}, ...PATHS.map((path) => h("option", { value: path }, path === PATHS[0] ? say("path_all") : path.replace("/openapi/", ""))));
    this.effect = h("select", {}, ...EFFECTS.map((effect) => h("option", { value: effect }, say(`effect_${effect}`))));
    this.code = h("input", { type: "number", value: 14500, min: 1 });
    this.codeRow = labelled(say("code"), this.code);
    this.times = h("input", { type: "number", min: 1 });
    this.effect.addEventListener("change", () => this.showCode());
    const submitted = (/** @type {Event} */ event) => {
      event.preventDefault();
      this.spoil({ ...this.faults, api: [...this.faults.api, this.made()] });
    };
    this.listed = h("div", {});
    this.boxes = new Map(["duplicate", ...PUSH_FAULTS].map((name) => [name, h("input", { onchange: () => this.spoilPushes() })]));
    const form = h(
      "form",
      { class: "fault-form", onsubmit: submitted },
      labelled(say("path"), this.path),
      labelled(say("effect"), this.effect),
      h("div", { class: "columns" }, this.codeRow, labelled(say("times"), this.times)),
      h("button", { type: "submit" }, say("add")),
    );
    const ticks = [...this.boxes].map(([name, box]) => ticked(say(name), box));
    this.element = h("details", { class: "part faults" }, h("summary", {}, h("h3", {}, say("faults"))), this.listed, h("h4", {}, say("api_faults")), form, h("h4", {}, say("push_faults")), ...ticks);
    this.showCode();
  }

  /** @param {Faults} faults */
  show(faults) {
    this.faults = faults;
    for (const [name, box] of this.boxes) box.checked = Boolean(faults.push[name]);
    const isSpoilt = faults.api.length > 0 || Object.values(faults.push).some(Boolean);
    if (isSpoilt) this.element.open = true;
    this.element.classList.toggle("spoilt", isSpoilt);
    const rows = faults.api.map((fault) => h("li", {}, h("span", {}, inWords(fault)), this.takeAway(fault)));
    const all = h("button", { type: "button", onclick: () => this.spoil({ api: [], push: {} }) }, say("take_all_away"));
    if (isSpoilt) fill(this.listed, rows.length ? h("ul", { class: "in-force" }, ...rows) : null, all);
    else fill(this.listed, h("p", { class: "hint" }, say("no_faults")));
  }

  /** @param {ApiFault} fault */
  takeAway(fault) {
    const others = () => this.faults.api.filter((one) => one !== fault);
    return h("button", { type: "button", onclick: () => this.spoil({ ...this.faults, api: others() }) }, say("take_away"));
  }

  spoilPushes() {
    const ticks = PUSH_FAULTS.map((name) => [name, this.boxes.get(name)?.checked ?? false]);
    this.spoil({ ...this.faults, push: { ...Object.fromEntries(ticks), duplicate: this.boxes.get("duplicate")?.checked ? 1 : 0 } });
  }

  showCode() {
    this.codeRow.hidden = this.effect.value !== "code";
  }

  /** @returns {ApiFault} */
  made() {
    const effect = this.effect.value;
    return {
      path: this.path.value,
      code: effect === "code" ? Number(this.code.value) : null,
      http: effect === "http" ? HTTP : null,
      drop_answer: effect === "drop_answer",
      dead: effect === "dead",
      latency_ms: effect === "latency" ? SLOW_MS : 0,
      times: this.times.value ? Number(this.times.value) : null,
    };
  }
}

/** @param {ApiFault} fault */
function inWords(fault) {
  const path = fault.path === PATHS[0] ? say("path_all") : fault.path.replace("/openapi/", "");
  const effect = fault.code !== null ? String(fault.code) : fault.http !== null ? `HTTP ${fault.http}` : say(fault.dead ? "effect_dead" : fault.drop_answer ? "effect_drop_answer" : "effect_latency");
  return `${path} · ${effect} · ${fault.times === null ? say("always") : say("times_left", { n: fault.times })}`;
}
