// @ts-check
// Zhima's desk as a whole: who is there, one conversation, and what stands beside it.

import { NoAnswer, Refused, call, inWords } from "/page/api.js";
import { fill, h, icon } from "/page/element.js";
import { keep, kept } from "/page/shelf.js";
import { followClock } from "/page/times.js";
import { language } from "/page/words.js";
import { People } from "./people.js";
import { Side } from "./side.js";
import { Talk } from "./talk.js";
import { say } from "./words.js";

/** @typedef {import("./types.js").Product} Product */

const LOOK_EVERY_MS = 1_000;
const SAID_MS = 6_000;
const SHOWN = 10;

class Desk {
  constructor() {
    /** @type {string[]} */
    this.keys = [];
    /** @type {Record<string, string>} what people call them */
    this.names = {};
    /** @type {string | null} */
    this.key = null;
    /** @type {string | null} */
    this.openid = null;
    /** @type {number | null} whom this page acts for */
    this.me = null;
    /** @type {Product | null} */
    this.product = null;
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
    this.people = new People((openid) => this.choose(openid));
    this.people.seen = seen;
    this.talk = new Talk((action, body) => this.act(action, body), () => this.choose(null));
    this.side = new Side((staff, online) => void this.does("POST", `/staff/${staff}`, { online }));
    this.products = h("select", { class: "accounts", "aria-label": say("product"), onchange: () => this.take(this.products?.value ?? null) });
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
      this.products ?? null,
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
    this.openid = this.me = this.product = null;
    this.looked = "";
    void this.look();
  }

  /** @param {string | null} openid */
  choose(openid) {
    this.openid = openid;
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

  /** Look at the product now; nothing is drawn again that looks the same. */
  async look() {
    try {
      const listed = await call("GET", "/zhima/products");
      this.keys = listed.items.map((/** @type {{access_key: string}} */ one) => one.access_key);
      this.names = Object.fromEntries(listed.items.map((/** @type {{access_key: string, name: string}} */ one) => [one.access_key, one.name]));
      if (!this.key || !this.keys.includes(this.key)) this.key = this.keys[0] ?? null;
      const openid = this.openid;
      const query = new URLSearchParams({ openid: openid ?? "", shown: String(SHOWN) });
      /** @type {Product | null} */
      const product = this.key ? await call("GET", `/zhima/products/${encodeURIComponent(this.key)}?${query}`) : null;
      if (openid !== this.openid) return;
      followClock(listed.now);
      const looks = JSON.stringify([this.keys, openid, product], (name, value) => (name === "now" ? undefined : value));
      this.trouble(this.keys.length ? null : `${say("no_products")}。${say("no_products_more")}`);
      if (looks === this.looked) return;
      this.looked = looks;
      this.product = product;
      this.showAll();
    } catch (failure) {
      this.trouble(failure instanceof NoAnswer ? say("lost") : inWords(failure));
    }
  }

  showAll() {
    const { product } = this;
    document.body.classList.toggle("with-talk", this.openid !== null);
    if (!product || !this.people || !this.talk || !this.side || !this.products || !this.mes) return;
    const customer = (this.openid && product.customers[this.openid]) || null;
    fill(this.products, ...this.keys.map((key) => h("option", { value: key, selected: key === this.key }, this.names[key] || key)));
    this.products.hidden = this.keys.length < 2;
    const online = product.staff.filter((one) => one.online);
    if (!online.some((one) => one.id === this.me)) this.me = online[0]?.id ?? null;
    fill(this.mes, ...online.map((one) => h("option", { value: one.id, selected: one.id === this.me }, one.name)));
    this.people.show(product, this.openid);
    if (customer) this.talk.show(customer);
    else this.talk.nobody();
    this.side.show(product, customer);
  }

  /**
   * Something done with the chosen customer; whether it was.
   * @param {string} action
   * @param {unknown} body
   */
  async act(action, body) {
    const asMe = action === "accept" ? { staff_id: this.me } : body;
    return this.does("POST", `/customers/${encodeURIComponent(this.openid ?? "")}/${action}`, asMe);
  }

  /**
   * @param {string} method
   * @param {string} path below the product
   * @param {unknown} body
   */
  async does(method, path, body) {
    try {
      await call(method, `/zhima/products/${encodeURIComponent(this.key ?? "")}${path}`, body);
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
