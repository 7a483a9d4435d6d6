// @ts-check
// What goes wrong on purpose at a vendor: what is in force, a form that adds to it, and boxes to tick.

import { fill, h, labelled, ticked } from "./element.js";

export const SLOW_MS = 5_000;
export const HTTP = 500;

/**
 * @typedef {(key: string, values?: Record<string, string | number>) => string} Say
 * @typedef {{times: number | null}} Counted
 */

/**
 * What one vendor's faults are: `counted` are lists of them by name, `spoilt` the object whose members are ticked.
 * @template {Record<string, any>} F
 * @typedef {{
 *   say: Say,
 *   none: F,
 *   counted: (keyof F & string)[],
 *   spoilt: keyof F & string,
 *   boxes: string[],
 *   fields: HTMLElement[],
 *   made: (times: number | null) => [keyof F & string, Counted],
 *   inWords: (list: keyof F & string, fault: any) => string,
 * }} Kinds
 */

/** @template {Record<string, any>} F */
export class StaffFaults {
  /**
   * @param {Kinds<F>} kinds
   * @param {(faults: F) => void} spoil
   */
  constructor(kinds, spoil) {
    const { say } = kinds;
    this.kinds = kinds;
    this.spoil = spoil;
    /** @type {F} */
    this.faults = kinds.none;
    this.times = h("input", { type: "number", min: 1 });
    this.listed = h("div", {});
    this.boxes = new Map(kinds.boxes.map((name) => [name, h("input", { onchange: () => this.tick() })]));
    const submitted = (/** @type {Event} */ event) => {
      event.preventDefault();
      const [list, fault] = kinds.made(this.times.value ? Number(this.times.value) : null);
      this.spoil({ ...this.faults, [list]: [...this.faults[list], fault] });
    };
    const form = h("form", { class: "fault-form", onsubmit: submitted }, ...kinds.fields, labelled(say("times"), this.times), h("button", { type: "submit" }, say("add")));
    const ticks = [...this.boxes].map(([name, box]) => ticked(say(name), box));
    this.element = h("details", { class: "part faults" }, h("summary", {}, h("h3", {}, say("faults"))), this.listed, h("h4", {}, say("counted_faults")), form, h("h4", {}, say("spoilt_pushes")), ...ticks);
  }

  /** @param {F} faults */
  show(faults) {
    const { say, counted, spoilt, none } = this.kinds;
    this.faults = faults;
    for (const [name, box] of this.boxes) box.checked = Boolean(faults[spoilt][name]);
    const rows = counted.flatMap((list) => faults[list].map((/** @type {Counted} */ fault) => this.row(list, fault)));
    const isSpoilt = rows.length > 0 || Object.values(faults[spoilt]).some(Boolean);
    if (isSpoilt) this.element.open = true;
    this.element.classList.toggle("spoilt", isSpoilt);
    const all = h("button", { type: "button", onclick: () => this.spoil(none) }, say("take_all_away"));
    if (isSpoilt) fill(this.listed, rows.length ? h("ul", { class: "in-force" }, ...rows) : null, all);
    else fill(this.listed, h("p", { class: "hint" }, say("no_faults")));
  }

  /**
   * @param {keyof F & string} list
   * @param {Counted} fault
   */
  row(list, fault) {
    const { say, inWords } = this.kinds;
    const others = () => this.faults[list].filter((/** @type {Counted} */ one) => one !== fault);
    const often = fault.times === null ? say("always") : say("times_left", { n: fault.times });
    return h("li", {}, h("span", {}, `${inWords(list, fault)} · ${often}`), h("button", { type: "button", onclick: () => this.spoil({ ...this.faults, [list]: others() }) }, say("take_away")));
  }

  tick() {
    const ticks = [...this.boxes].map(([name, box]) => [name, name === "duplicate" ? Number(box.checked) : box.checked]);
    this.spoil({ ...this.faults, [this.kinds.spoilt]: { ...this.faults[this.kinds.spoilt], ...Object.fromEntries(ticks) } });
  }
}

/**
 * A choice among words.
 * @param {[string, string][]} options value and words
 */
export function choice(options) {
  return h("select", {}, ...options.map(([value, words]) => h("option", { value }, words)));
}
