// @ts-check
// The list on the left: the app, its customers, and making new ones.

import { avatar } from "./avatar.js";
import { call, inWords, pathOf } from "./api.js";
import { fill, h, icon, labelled } from "./element.js";
import { shownName } from "./phones.js";
import { keep, kept } from "./shelf.js";
import { clockNow, roughly } from "./times.js";
import { say } from "./words.js";

/**
 * @typedef {import("./types.js").State} State
 * @typedef {import("./types.js").AppState} AppState
 * @typedef {import("./types.js").CustomerState} CustomerState
 * @typedef {import("./phones.js").Phones} Phones
 * @typedef {{show: (appid: string, openid: string, beside?: boolean) => void, refresh: () => void, addApp: () => void}} Door
 */

export class Customers {
  /**
   * @param {Phones} phones
   * @param {Door} door
   */
  constructor(phones, door) {
    this.phones = phones;
    this.door = door;
    /** @type {State | null} */
    this.state = null;
    this.shown = "";
    this.choice = h("select", { onchange: () => this.choose(this.choice.value) });
    this.list = h("ul", { class: "people" });
    this.more = h("p", { class: "hint" });
    this.form = this.newForm();
    this.element = h(
      "nav",
      { class: "customers", "aria-label": say("customers") },
      h(
        "div",
        { class: "app-choice" },
        labelled(say("app"), this.choice),
        h("button", { type: "button", class: "quiet", "aria-label": say("add_app"), title: say("add_app"), onclick: () => door.addApp() }, icon("add")),
      ),
      this.form,
      this.list,
      this.more,
    );
  }

  newForm() {
    const name = h("input", { maxlength: 40, placeholder: say("customer_name"), "aria-label": say("customer_name"), autocomplete: "off" });
    const trouble = h("p", { class: "trouble", role: "alert" });
    const button = h("button", { type: "submit", class: "strong" }, say("new_customer"));
    const submitted = async (/** @type {Event} */ event) => {
      event.preventDefault();
      button.disabled = true;
      const words = await this.create(name.value.trim());
      trouble.textContent = words ?? "";
      if (words === null) name.value = "";
      button.disabled = false;
    };
    return h("form", { class: "new-customer", onsubmit: submitted }, name, button, trouble);
  }

  /**
   * Make a customer of the chosen app and pick up the phone. Answers why not, in words, or null.
   * @param {string} name
   */
  async create(name) {
    const { app } = this;
    if (!app) return say("no_apps");
    try {
      const made = await call("POST", `${pathOf(app.appid)}/customers`, name ? { name } : {});
      this.door.show(app.appid, made.openid);
      this.door.refresh();
      return null;
    } catch (failure) {
      return inWords(failure);
    }
  }

  /** @returns {AppState | null} the app whose customers are listed */
  get app() {
    const apps = this.state?.apps ?? [];
    return apps.find((app) => app.appid === kept.appid) ?? apps[0] ?? null;
  }

  /** @param {string} appid */
  choose(appid) {
    kept.appid = appid;
    keep();
    this.redraw();
  }

  /** @param {State} state */
  update(state) {
    this.state = state;
    this.redraw();
  }

  redraw() {
    const { app, state } = this;
    if (!state) return;
    const active = this.phones.active;
    const open = this.phones.open.map((phone) => phone.id);
    const minute = Math.floor(clockNow() / 60_000);
    const apps = state.apps.map(({ appid, name }) => [appid, name]);
    const shown = JSON.stringify([apps, app?.appid, app?.customers, active?.id, open, minute]);
    if (shown === this.shown) return;
    this.shown = shown;
    fill(this.choice, ...state.apps.map((one) => h("option", { value: one.appid, selected: one === app }, one.name || one.appid)));
    this.choice.disabled = state.apps.length < 2;
    this.form.hidden = !app;
    this.choice.hidden = !app;
    const before = /** @type {HTMLElement | null} */ (document.activeElement)?.dataset.key;
    fill(this.list, ...[...(app?.customers ?? [])].reverse().map((customer) => this.row(app?.appid ?? "", customer)));
    if (app && !app.customers.length) fill(this.list, h("li", { class: "hint" }, say("no_customers")));
    if (before) /** @type {HTMLElement | null} */ (this.list.querySelector(`[data-key="${CSS.escape(before)}"]`))?.focus();
    const hidden = app ? app.customer_count - app.customers.length : 0;
    this.more.textContent = hidden && app ? say("newest_of", { shown: app.customers.length, all: app.customer_count }) : "";
  }

  /**
   * @param {string} appid
   * @param {CustomerState} customer
   */
  row(appid, customer) {
    const name = shownName(customer.openid, customer.name);
    const phone = this.phones.find(appid, customer.openid);
    const isInHand = phone !== null && phone === this.phones.active;
    const { remaining, deadline } = customer.window;
    const isOpen = deadline !== null && Date.parse(deadline) >= clockNow();
    const leftWords = isOpen
      ? `${say("left_short", { n: remaining })} · ${roughly(Date.parse(deadline) - clockNow())}`
      : say("closed_window");
    return h(
      "li",
      { class: phone ? "person is-open" : "person" },
      h(
        "button",
        { type: "button", class: "person-name", "aria-current": isInHand ? "true" : null, "data-key": customer.openid, onclick: () => this.door.show(appid, customer.openid) },
        avatar(customer.openid, name),
        h("span", { class: "person-words" }, h("strong", {}, name), h("small", { class: isOpen ? "" : "muted" }, deadline ? leftWords : "—")),
      ),
      phone
        ? null
        : h("button", { type: "button", class: "quiet beside", "aria-label": `${say("beside")}: ${name}`, title: say("beside"), onclick: () => this.door.show(appid, customer.openid, true) }, icon("beside")),
    );
  }
}
