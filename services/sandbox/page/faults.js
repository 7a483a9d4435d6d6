// @ts-check
// The knobs: what goes wrong on purpose, with API calls and with pushes.

import { call, inWords } from "./api.js";
import { fill, h, icon, labelled, newId, ticked } from "./element.js";
import { say } from "./words.js";

/**
 * @typedef {import("./types.js").ApiFault} ApiFault
 * @typedef {import("./types.js").Faults} Faults
 * @typedef {"errcode" | "http" | "drop_answer" | "garbage" | "dead" | "latency"} Effect
 */

const PATHS = ["/cgi-bin/message/custom/send", "/cgi-bin/message/custom/typing", "/cgi-bin/media/", "/cgi-bin/stable_token", "/cgi-bin/token", "/cgi-bin/"];
const ERRCODES = [-1, 40001, 42001, 40007, 45009, 45011, 45015, 45047, 48001, 70000];
/** @type {Effect[]} */
const EFFECTS = ["errcode", "http", "drop_answer", "garbage", "dead", "latency"];

export class FaultForm {
  /** @param {() => Promise<void>} refresh */
  constructor(refresh) {
    this.refresh = refresh;
    this.shown = "";
    this.list = h("ul", { class: "faults" });
    this.trouble = h("p", { class: "trouble", role: "alert" });
    this.path = h("input", { value: PATHS[0], required: true, pattern: "/.*", class: "code", list: newId("paths") });
    this.effect = h("select", { onchange: () => this.showFields() }, ...EFFECTS.map((one) => h("option", { value: one }, say(`effect_${one}`))));
    this.errcode = h("input", { type: "number", value: -1, required: true, list: newId("errcodes") });
    this.http = h("input", { type: "number", value: 502, min: 300, max: 599, required: true });
    this.latency = number(0, 60_000);
    this.times = h("input", { type: "number", min: 1, value: 1 });
    this.duplicate = number(0, 10);
    this.delay = number(0, 60_000);
    this.reorder = h("input", {});
    this.stringIds = h("input", {});
    this.unknownTypes = h("input", {});
    this.errcodeRow = labelled(say("errcode"), this.errcode);
    this.httpRow = labelled(say("http_status"), this.http);
    this.clear = h("button", { type: "button", onclick: () => void this.put({ api: [], push: NO_PUSH_FAULTS }) }, say("take_all_away"));
    this.element = h("div", {}, this.list, this.clear, this.trouble, this.apiForm(), this.pushForm());
    this.showFields();
  }

  apiForm() {
    const submitted = async (/** @type {Event} */ event) => {
      event.preventDefault();
      await this.change((faults) => faults.api.push(this.written()));
    };
    return h(
      "details",
      { class: "knobs" },
      h("summary", {}, say("api_faults")),
      h(
        "form",
        { onsubmit: submitted },
        labelled(say("fault_path"), this.path),
        h("datalist", { id: this.path.getAttribute("list") }, ...PATHS.map((path) => h("option", { value: path }))),
        labelled(say("fault_effect"), this.effect),
        h(
          "div",
          { class: "columns" },
          this.errcodeRow,
          h("datalist", { id: this.errcode.getAttribute("list") }, ...ERRCODES.map((code) => h("option", { value: code }, say(`errcode_${code}`)))),
          this.httpRow,
          labelled(say("latency_ms"), this.latency),
          labelled(say("times"), this.times),
        ),
        h("button", { type: "submit" }, say("add_fault")),
      ),
    );
  }

  pushForm() {
    const submitted = async (/** @type {Event} */ event) => {
      event.preventDefault();
      const push = {
        duplicate: Number(this.duplicate.value),
        delay_ms: Number(this.delay.value),
        reorder: this.reorder.checked,
        string_ids: this.stringIds.checked,
        unknown_types: this.unknownTypes.checked,
      };
      await this.change((faults) => {
        faults.push = push;
      });
    };
    return h(
      "details",
      { class: "knobs" },
      h("summary", {}, say("push_faults")),
      h(
        "form",
        { onsubmit: submitted },
        h("div", { class: "columns" }, labelled(say("duplicate"), this.duplicate), labelled(say("delay_ms"), this.delay)),
        ticked(say("reorder"), this.reorder),
        ticked(say("string_ids"), this.stringIds),
        ticked(say("unknown_types"), this.unknownTypes),
        h("button", { type: "submit" }, say("apply")),
      ),
    );
  }

  showFields() {
    for (const [row, field, effect] of /** @type {[HTMLElement, HTMLInputElement, Effect][]} */ ([
      [this.errcodeRow, this.errcode, "errcode"],
      [this.httpRow, this.http, "http"],
    ])) {
      row.hidden = this.effect.value !== effect;
      field.disabled = row.hidden;
    }
    this.latency.min = this.effect.value === "latency" ? "1" : "0";
    if (this.effect.value === "latency" && this.latency.value === "0") this.latency.value = "3000";
  }

  /** @returns {ApiFault} */
  written() {
    const effect = this.effect.value;
    return {
      path: this.path.value.trim(),
      errcode: effect === "errcode" ? Number(this.errcode.value) : null,
      http: effect === "http" ? Number(this.http.value) : null,
      drop_answer: effect === "drop_answer",
      garbage: effect === "garbage",
      dead: effect === "dead",
      latency_ms: Number(this.latency.value),
      times: this.times.value ? Number(this.times.value) : null,
    };
  }

  /**
   * Change the faults in force as they are now, not as this page last saw them: some may have been used up since.
   * @param {(faults: Faults) => void} change
   */
  async change(change) {
    try {
      /** @type {Faults} */
      const faults = await call("GET", "/faults");
      change(faults);
      await this.put(faults);
    } catch (failure) {
      this.trouble.textContent = inWords(failure);
    }
  }

  /** @param {Faults} faults */
  async put(faults) {
    this.trouble.textContent = "";
    try {
      this.update(await call("PUT", "/faults", faults));
      await this.refresh();
    } catch (failure) {
      this.trouble.textContent = inWords(failure);
    }
  }

  /** @param {Faults} faults those in force */
  update(faults) {
    const shown = JSON.stringify(faults);
    if (shown === this.shown) return;
    const { push } = faults;
    if (JSON.stringify(push) !== this.pushShown) {
      this.pushShown = JSON.stringify(push);
      this.duplicate.value = String(push.duplicate);
      this.delay.value = String(push.delay_ms);
      this.reorder.checked = push.reorder;
      this.stringIds.checked = push.string_ids;
      this.unknownTypes.checked = push.unknown_types;
    }
    this.shown = shown;
    const rows = [...faults.api.map((fault) => this.apiRow(fault)), ...pushWords(faults).map((words) => h("li", {}, h("span", {}, words)))];
    fill(this.list, ...(rows.length ? rows : [h("li", { class: "hint" }, say("no_faults"))]));
    this.clear.hidden = !rows.length;
  }

  /** @param {ApiFault} fault */
  apiRow(fault) {
    const words = apiWords(fault);
    const away = () =>
      this.change((faults) => {
        const at = faults.api.findIndex((one) => JSON.stringify({ ...one, times: 0 }) === JSON.stringify({ ...fault, times: 0 }));
        if (at >= 0) faults.api.splice(at, 1);
      });
    return h(
      "li",
      {},
      h("span", {}, h("code", {}, fault.path), " ", words),
      h("button", { type: "button", class: "quiet", "aria-label": `${say("take_away")}: ${fault.path} ${words}`, title: say("take_away"), onclick: away }, icon("trash")),
    );
  }
}

const NO_PUSH_FAULTS = { duplicate: 0, reorder: false, delay_ms: 0, string_ids: false, unknown_types: false };

/**
 * @param {number} min
 * @param {number} max
 */
function number(min, max) {
  return h("input", { type: "number", value: min, min, max, required: true });
}

/** @param {ApiFault} fault */
function apiWords(fault) {
  const parts = [];
  if (fault.errcode !== null) parts.push(`errcode ${fault.errcode}`);
  if (fault.http !== null) parts.push(`HTTP ${fault.http}`);
  if (fault.drop_answer) parts.push(say("effect_drop_answer"));
  if (fault.garbage) parts.push(say("effect_garbage"));
  if (fault.dead) parts.push(say("effect_dead"));
  if (fault.latency_ms) parts.push(`${fault.latency_ms} ms`);
  parts.push(fault.times === null ? say("always") : say("times_left", { n: fault.times }));
  return parts.join(" · ");
}

/** @param {Faults} faults */
function pushWords({ push }) {
  const words = [];
  if (push.duplicate) words.push(`${say("duplicate")}: ${push.duplicate}`);
  if (push.delay_ms) words.push(`${say("delay_ms")}: ${push.delay_ms}`);
  if (push.reorder) words.push(say("reorder"));
  if (push.string_ids) words.push(say("string_ids"));
  if (push.unknown_types) words.push(say("unknown_types"));
  return words;
}
