// @ts-check
// Qiyu's desk as a whole: who is there, one conversation, and what stands beside it.

import { NoAnswer, Refused, call, inWords } from "/page/api.js";
import { fill, h, icon } from "/page/element.js";
import { keep, kept } from "/page/shelf.js";
import { followClock } from "/page/times.js";
import { language } from "/page/words.js";
import { People } from "./people.js";
import { Side } from "./side.js";
import { Talk } from "./talk.js";
import { say } from "./words.js";

/** @typedef {import("./types.js").Account} Account */

const LOOK_EVERY_MS = 1_000;
const SAID_MS = 6_000;
const PUSHES = 20;

class Desk {
  constructor() {
    /** @type {string[]} */
    this.keys = [];
    /** @type {string | null} */
    this.key = null;
    /** @type {string | null} */
    this.uid = null;
    /** @type {number | null} whom this page acts for */
    this.me = null;
    /** @type {Account | null} */
    this.account = null;
    this.looked = "";
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.saying = undefined;
    this.banner = h("p", { class: "banner", role: "status" }, say("loading"));
    this.build();
    void this.lookForever();
  }

  /** Everything anew, in the language of the moment. */
  build() {
    document.documentElement.lang = language() === "zh" ? "zh-CN" : "en";
    document.title = `${say("sandbox")} · ${say("title")} · wxdesk`;
    const seen = this.people?.seen ?? {};
    this.people = new People((uid) => this.choose(uid));
    this.people.seen = seen;
    this.talk = new Talk((action, body) => this.act(action, body), () => this.choose(null));
    this.side = new Side(
      (staff, online) => void this.does("POST", `/staff/${staff}`, { online }),
      (faults) => void this.does("PUT", "/faults", faults),
    );
    this.accounts = h("select", { class: "accounts", "aria-label": say("account"), onchange: () => this.take(this.accounts?.value ?? null) });
    this.mes = h("select", { onchange: () => { this.me = Number(this.mes?.value) || null; } });
    this.detailsButton = h("button", { type: "button", class: "details-button", "aria-label": say("details"), "aria-expanded": "false", onclick: () => this.fold() }, icon("gauge"), h("span", {}, say("details")));
    fill(document.body, this.topBar(), this.banner, h("div", { class: "desk" }, this.people.element, this.talk.element, this.side.element));
    this.looked = "";
    this.showAll();
  }

  topBar() {
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
    this.uid = this.me = this.account = null;
    this.looked = "";
    void this.look();
  }

  /** @param {string | null} uid */
  choose(uid) {
    this.uid = uid;
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
      const listed = await call("GET", "/qiyu/accounts");
      this.keys = listed.items.map((/** @type {{app_key: string}} */ one) => one.app_key);
      if (!this.key || !this.keys.includes(this.key)) this.key = this.keys[0] ?? null;
      const uid = this.uid;
      const query = new URLSearchParams({ uid: uid ?? "", pushes: String(PUSHES) });
      /** @type {Account | null} */
      const account = this.key ? await call("GET", `/qiyu/accounts/${encodeURIComponent(this.key)}?${query}`) : null;
      if (uid !== this.uid) return;
      followClock(listed.now);
      const looks = JSON.stringify([this.keys, uid, account], (name, value) => (name === "now" ? undefined : value));
      this.trouble(this.keys.length ? null : `${say("no_accounts")}。${say("no_accounts_more")}`);
      if (looks === this.looked) return;
      this.looked = looks;
      this.account = account;
      this.showAll();
    } catch (failure) {
      this.trouble(failure instanceof NoAnswer ? say("lost") : inWords(failure));
    }
  }

  showAll() {
    const { account } = this;
    document.body.classList.toggle("with-talk", this.uid !== null);
    if (!account || !this.people || !this.talk || !this.side || !this.accounts || !this.mes) return;
    const customer = (this.uid && account.customers[this.uid]) || null;
    fill(this.accounts, ...this.keys.map((key) => h("option", { value: key, selected: key === this.key }, key)));
    this.accounts.hidden = this.keys.length < 2;
    const online = account.staff.filter((one) => one.online);
    if (!online.some((one) => one.id === this.me)) this.me = online[0]?.id ?? null;
    fill(this.mes, ...online.map((one) => h("option", { value: one.id, selected: one.id === this.me }, one.name)));
    this.people.show(account, this.uid);
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
    const asMe = ["accept", "begin"].includes(action) ? { staff_id: this.me } : body;
    return this.does("POST", `/customers/${encodeURIComponent(this.uid ?? "")}/${action}`, asMe);
  }

  /**
   * @param {string} method
   * @param {string} path below the account
   * @param {unknown} body
   */
  async does(method, path, body) {
    try {
      await call(method, `/qiyu/accounts/${encodeURIComponent(this.key ?? "")}${path}`, body);
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

export const desk = new Desk();
