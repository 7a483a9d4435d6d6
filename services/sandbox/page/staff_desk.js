// @ts-check
// A vendor's desk as a whole, whichever vendor: who is there, one conversation, and what stands beside it.

import { NoAnswer, Refused, call, inWords } from "./api.js";
import { fill, h, icon } from "./element.js";
import { keep, kept } from "./shelf.js";
import { followClock } from "./times.js";
import { language } from "./words.js";

const LOOK_EVERY_MS = 1_000;
const SAID_MS = 6_000;

/**
 * @typedef {{id: number, name: string, online: boolean, load: number}} Staff
 * @typedef {(action: string, body: unknown) => Promise<boolean>} Act
 */

/**
 * One vendor's part of it. `accounts` is the control API's list of accounts, each with `keyed` as its key; one account
 * is asked for with `query`. In `asMe` are the actions that name who of the staff acts.
 * @template {{staff: Staff[], customers: Record<string, C>}} A an account, as the control API answers it
 * @template C one of its customers
 * @typedef {{
 *   say: (key: string, values?: Record<string, string | number>) => string,
 *   accounts: string,
 *   keyed: string,
 *   query: (chosen: string | null) => Record<string, string>,
 *   asMe: string[],
 *   people: (choose: (customer: string) => void) => {
 *     element: HTMLElement, seen: Record<string, number>, show: (account: A, chosen: string | null) => void,
 *   },
 *   talk: (act: Act, back: () => void) => {
 *     element: HTMLElement, nobody: () => void, show: (account: A, customer: C) => void,
 *   },
 *   side: (does: (method: string, path: string, body: unknown) => void) => {
 *     element: HTMLElement, show: (account: A, customer: C | null) => void,
 *   },
 * }} Vendor
 */

/**
 * @template {{staff: Staff[], customers: Record<string, C>}} A
 * @template C
 */
export class StaffDesk {
  /** @param {Vendor<A, C>} vendor */
  constructor(vendor) {
    this.vendor = vendor;
    this.say = vendor.say;
    /** @type {Record<string, string>} what each account is called, by its key */
    this.names = {};
    /** @type {string | null} */
    this.key = null;
    /** @type {string | null} */
    this.chosen = null;
    /** @type {number | null} whom this page acts for */
    this.me = null;
    /** @type {A | null} */
    this.account = null;
    this.looked = "";
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.saying = undefined;
    this.banner = h("p", { class: "banner", role: "status" }, this.say("loading"));
    this.build();
    void this.lookForever();
  }

  /** Everything anew, in the language of the moment. */
  build() {
    const { say, vendor } = this;
    document.documentElement.lang = language() === "zh" ? "zh-CN" : "en";
    document.title = `${say("sandbox")} · ${say("title")} · wxdesk`;
    const seen = this.people?.seen ?? {};
    this.people = vendor.people((customer) => this.choose(customer));
    this.people.seen = seen;
    this.talk = vendor.talk((action, body) => this.act(action, body), () => this.choose(null));
    this.side = vendor.side((method, path, body) => void this.does(method, path, body));
    this.accounts = h("select", { class: "accounts", "aria-label": say("account"), onchange: () => this.take(this.accounts?.value ?? null) });
    this.mes = h("select", { onchange: () => { this.me = Number(this.mes?.value) || null; } });
    this.detailsButton = h("button", { type: "button", class: "details-button", "aria-label": say("details"), "aria-expanded": "false", onclick: () => this.fold() }, icon("gauge"), h("span", {}, say("details")));
    fill(document.body, this.topBar(), this.banner, h("div", { class: "desk" }, this.people.element, this.talk.element, this.side.element));
    this.looked = "";
    this.showAll();
  }

  topBar() {
    const { say } = this;
    const other = language() === "zh" ? "en" : "zh";
    return h(
      "header",
      { class: "top" },
      h("h1", {}, h("span", { class: "sandbox-mark" }, say("sandbox")), " ", say("title")),
      this.accounts ?? null,
      h("label", { class: "me" }, say("me"), this.mes ?? null),
      h("p", { class: "top-more" }, say("nothing_real")),
      h("a", { href: "/", class: "to-phone" }, say("phone")),
      h("button", { type: "button", class: "language", lang: other === "zh" ? "zh-CN" : "en", onclick: () => this.speak(other) }, say("other_language")),
      this.detailsButton ?? null,
    );
  }

  /** @param {"zh" | "en"} code */
  speak(code) {
    kept.language = code;
    keep();
    this.build();
    /** @type {HTMLElement | null} */ (document.querySelector("button.language"))?.focus();
  }

  fold() {
    const isShown = document.body.classList.toggle("with-side");
    this.detailsButton?.setAttribute("aria-expanded", String(isShown));
  }

  /** @param {string | null} key */
  take(key) {
    this.key = key;
    this.chosen = this.me = this.account = null;
    this.looked = "";
    void this.look();
  }

  /** @param {string | null} customer */
  choose(customer) {
    this.chosen = customer;
    this.looked = "";
    this.showAll();
    void this.look();
  }

  async lookForever() {
    for (;;) {
      if (!document.hidden) await this.look();
      await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
    }
  }

  /** Look at the account now; nothing is drawn again that looks the same. */
  async look() {
    try {
      const listed = await call("GET", this.vendor.accounts);
      this.names = Object.fromEntries(listed.items.map((/** @type {Record<string, string>} */ one) => [one[this.vendor.keyed], one["name"] || one[this.vendor.keyed]]));
      if (!this.key || !(this.key in this.names)) this.key = Object.keys(this.names)[0] ?? null;
      const chosen = this.chosen;
      /** @type {A | null} */
      const account = this.key ? await call("GET", `${this.path()}?${new URLSearchParams(this.vendor.query(chosen))}`) : null;
      if (chosen !== this.chosen) return;
      followClock(listed.now);
      const looks = JSON.stringify([this.names, chosen, account], (name, value) => (name === "now" ? undefined : value));
      this.trouble(this.key ? null : `${this.say("no_accounts")}。${this.say("no_accounts_more")}`);
      if (looks === this.looked) return;
      this.looked = looks;
      this.account = account;
      this.showAll();
    } catch (failure) {
      this.trouble(failure instanceof NoAnswer ? this.say("lost") : inWords(failure));
    }
  }

  path() {
    return `${this.vendor.accounts}/${encodeURIComponent(this.key ?? "")}`;
  }

  showAll() {
    const { account, chosen } = this;
    document.body.classList.toggle("with-talk", chosen !== null);
    if (!account || !this.people || !this.talk || !this.side || !this.accounts || !this.mes) return;
    const customer = (chosen && account.customers[chosen]) || null;
    const names = Object.entries(this.names);
    fill(this.accounts, ...names.map(([key, name]) => h("option", { value: key, selected: key === this.key }, name)));
    this.accounts.hidden = names.length < 2;
    const online = account.staff.filter((one) => one.online);
    if (!online.some((one) => one.id === this.me)) this.me = online[0]?.id ?? null;
    fill(this.mes, ...online.map((one) => h("option", { value: one.id, selected: one.id === this.me }, one.name)));
    this.people.show(account, chosen);
    if (customer) this.talk.show(account, customer);
    else this.talk.nobody();
    this.side.show(account, customer);
  }

  /**
   * Something done with the chosen customer; whether it was.
   * @param {string} action
   * @param {unknown} body
   */
  async act(action, body) {
    const told = this.vendor.asMe.includes(action) ? { staff_id: this.me } : body;
    return this.does("POST", `/customers/${encodeURIComponent(this.chosen ?? "")}/${action}`, told);
  }

  /**
   * @param {string} method
   * @param {string} path below the account
   * @param {unknown} body
   */
  async does(method, path, body) {
    try {
      await call(method, this.path() + path, body);
      await this.look();
      return true;
    } catch (failure) {
      this.told(failure instanceof Refused || failure instanceof NoAnswer ? inWords(failure) : String(failure));
      return false;
    }
  }

  /** @param {string | null} words what is wrong now, until it is not */
  trouble(words) {
    if (this.saying) return;
    this.banner.hidden = !words;
    this.banner.textContent = words ?? "";
    this.banner.classList.toggle("bad", Boolean(words));
  }

  /** @param {string} words what went wrong, for a while */
  told(words) {
    this.trouble(words);
    clearTimeout(this.saying);
    this.saying = setTimeout(() => {
      this.saying = undefined;
      this.trouble(null);
    }, SAID_MS);
  }
}
