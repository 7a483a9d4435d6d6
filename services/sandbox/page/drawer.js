// @ts-check
// The drawer: what WeChat knows and the phone does not show, in two tabs.

import { h } from "./element.js";
import { keep, kept } from "./shelf.js";
import { say } from "./words.js";

/** @typedef {{element: HTMLElement}} Panel */

export class Drawer {
  /**
   * @param {Panel} customer
   * @param {Panel} sandbox
   * @param {() => void} chosen
   */
  constructor(customer, sandbox, chosen) {
    this.chosen = chosen;
    this.panels = { customer, sandbox };
    this.tabs = { customer: this.tab("customer", say("this_customer")), sandbox: this.tab("sandbox", say("whole_sandbox")) };
    const tablist = h("div", { class: "tabs", role: "tablist", "aria-label": say("inner_state") }, this.tabs.customer, this.tabs.sandbox);
    tablist.addEventListener("keydown", (event) => {
      if (!["ArrowLeft", "ArrowRight"].includes(event.key)) return;
      this.choose(kept.tab === "customer" ? "sandbox" : "customer");
      this.tabs[kept.tab].focus();
    });
    this.element = h("aside", { class: "drawer", "aria-label": say("inner_state") }, tablist, customer.element, sandbox.element);
    for (const [name, panel] of Object.entries(this.panels)) {
      panel.element.id = `panel-${name}`;
      panel.element.setAttribute("role", "tabpanel");
      panel.element.setAttribute("aria-labelledby", `tab-${name}`);
    }
    this.choose(kept.tab);
  }

  /**
   * @param {"customer" | "sandbox"} name
   * @param {string} words
   */
  tab(name, words) {
    const chosen = () => this.choose(name);
    return h("button", { type: "button", role: "tab", id: `tab-${name}`, "aria-controls": `panel-${name}`, onclick: chosen }, words);
  }

  /** @param {"customer" | "sandbox"} name */
  choose(name) {
    kept.tab = name;
    keep();
    for (const one of /** @type {("customer" | "sandbox")[]} */ (["customer", "sandbox"])) {
      this.tabs[one].setAttribute("aria-selected", String(one === name));
      this.tabs[one].tabIndex = one === name ? 0 : -1;
      this.panels[one].element.hidden = one !== name;
    }
    this.chosen();
  }
}

/**
 * A part of a panel with its heading.
 * @param {string} title
 * @param {...(Node | string | null)} inside
 */
export function part(title, ...inside) {
  return h("section", { class: "part", "aria-label": title }, h("h3", {}, title), ...inside);
}

/**
 * @param {string} term
 * @param {...(Node | string)} value
 */
export function fact(term, ...value) {
  return h("div", { class: "fact" }, h("dt", {}, term), h("dd", {}, ...value));
}
