// @ts-check
// The page as a whole: the phones in the middle, the customers before them, WeChat's inner state behind.

import { call, inWords, pathOf } from "./api.js";
import { CustomerPanel } from "./customer_panel.js";
import { Customers } from "./customers.js";
import { Drawer } from "./drawer.js";
import { fill, h, icon } from "./element.js";
import { Handset } from "./handset.js";
import { Line } from "./line.js";
import { newAppDialog } from "./new_app.js";
import { Phones } from "./phones.js";
import { SandboxPanel } from "./sandbox_panel.js";
import { keep, kept } from "./shelf.js";
import { language, say } from "./words.js";

/**
 * @typedef {import("./phones.js").Phone} Phone
 * @typedef {import("./types.js").State} State
 * @typedef {import("./types.js").PhonesAnswer} PhonesAnswer
 */

const NARROW = matchMedia("(max-width: 899px)");
const SAID_MS = 6_000;
const HANDSET_PX = 400;

class Page {
  constructor() {
    this.phones = new Phones();
    /** @type {State | null} */
    this.state = null;
    /** @type {string | null} */
    this.life = null;
    this.isUp = true;
    /** @type {Map<Phone, Handset>} */
    this.handsets = new Map();
    this.line = new Line({
      phones: () => this.phones.open,
      looked: (answer) => this.looked(answer),
      state: (state) => this.took(state),
      isUp: (isUp, trouble) => this.heard(isUp, trouble),
    });
    this.banner = h("p", { class: "banner", role: "status", hidden: true });
    this.build();
    this.line.start();
    setInterval(() => this.tick(), 1_000);
  }

  /** Everything anew, in the language of the moment. */
  build() {
    document.documentElement.lang = language() === "zh" ? "zh-CN" : "en";
    document.title = `${say("sandbox")} · wxdesk`;
    this.handsets.clear();
    this.customers = new Customers(this.phones, {
      show: (appid, openid, beside) => this.show(appid, openid, beside),
      refresh: () => void this.line.refresh(),
      addApp: () => this.addApp(),
    });
    this.customerPanel = new CustomerPanel((phone, action, body) => this.act(phone, action, body));
    this.sandboxPanel = new SandboxPanel(() => this.line.refresh());
    this.drawer = new Drawer(this.customerPanel, this.sandboxPanel, () => void this.refreshCalls());
    this.stage = h("main", { class: "stage", "aria-label": say("phones") });
    this.peopleButton = h("button", { type: "button", class: "people-button", onclick: () => this.fold("people") }, icon("people"), say("customers"));
    this.drawerButton = h("button", { type: "button", class: "drawer-button", onclick: () => this.fold("drawer") }, icon("gauge"), h("span", {}, say("inner_state")));
    fill(document.body, this.topBar(), this.banner, h("div", { class: "room" }, this.customers.element, this.stage, this.drawer.element));
    document.body.classList.toggle("with-drawer", kept.drawer ?? !NARROW.matches);
    document.body.classList.remove("with-people");
    this.showFolds();
    if (this.state) this.took(this.state);
    this.arrange();
  }

  topBar() {
    const other = language() === "zh" ? "en" : "zh";
    return h(
      "header",
      { class: "top" },
      this.peopleButton ?? null,
      h("h1", {}, h("span", { class: "sandbox-mark" }, say("sandbox"))),
      h("p", { class: "top-more" }, say("nothing_real")),
      h("a", { href: "/qiyu", class: "to-desk" }, say("qiyu_desk")),
      h("button", { type: "button", class: "language", lang: other === "zh" ? "zh-CN" : "en", onclick: () => this.speak(other) }, say("other_language")),
      this.drawerButton ?? null,
    );
  }

  /** @param {"zh" | "en"} code */
  speak(code) {
    kept.language = code;
    keep();
    this.build();
    /** @type {HTMLElement | null} */ (document.querySelector("button.language"))?.focus();
  }

  /** @param {"people" | "drawer"} what */
  fold(what) {
    const isShown = document.body.classList.toggle(`with-${what}`);
    if (NARROW.matches && isShown) document.body.classList.remove(what === "drawer" ? "with-people" : "with-drawer");
    if (!NARROW.matches && what === "drawer") {
      kept.drawer = isShown;
      keep();
    }
    this.showFolds();
    if (isShown && what === "drawer") void this.refreshCalls();
  }

  showFolds() {
    this.peopleButton?.setAttribute("aria-expanded", String(document.body.classList.contains("with-people")));
    this.drawerButton?.setAttribute("aria-expanded", String(document.body.classList.contains("with-drawer")));
  }

  /**
   * The phone of this customer: beside the others where there is room, else in place of the one in hand.
   * @param {string} appid
   * @param {string} openid
   * @param {boolean} [beside]
   */
  show(appid, openid, beside = this.hasRoom) {
    this.phones.show(appid, openid, beside);
    document.body.classList.remove("with-people");
    this.showFolds();
    this.arrange();
    this.line.again();
    const handset = this.phones.active && this.handsets.get(this.phones.active);
    handset?.focus();
  }

  get hasRoom() {
    return !NARROW.matches && (this.stage?.clientWidth ?? 0) >= (this.phones.open.length + 1) * HANDSET_PX;
  }

  /** The handsets that there should be, in their order; those that stand already stay. */
  arrange() {
    for (const [phone, handset] of this.handsets) {
      if (!this.phones.open.includes(phone)) {
        handset.element.remove();
        this.handsets.delete(phone);
      }
    }
    const wanted = this.phones.open.map((phone) => this.handset(phone).element);
    const empty = wanted.length ? null : this.emptyStage();
    const now = [...(this.stage?.children ?? [])];
    const after = empty ? [empty] : wanted;
    if (this.stage && (now.length !== after.length || now.some((one, at) => one !== after[at]))) fill(this.stage, ...after);
    this.showInHand();
  }

  /** @param {Phone} phone */
  handset(phone) {
    let handset = this.handsets.get(phone);
    if (!handset) {
      handset = new Handset(phone, {
        act: (whose, action, body) => this.act(whose, action, body),
        takeInHand: (whose) => this.takeInHand(whose),
        putAway: (whose) => this.putAway(whose),
        createAgain: (whose) => void this.createAgain(whose),
        appName: (appid) => this.appName(appid),
        changed: () => this.phones.remember(),
      });
      this.handsets.set(phone, handset);
    }
    return handset;
  }

  emptyStage() {
    if (!this.state) return h("div", { class: "empty" }, h("p", {}, say("loading")));
    if (this.state.apps.length) {
      const trouble = h("p", { class: "trouble", role: "alert" });
      const create = async () => {
        trouble.textContent = (await this.customers?.create("")) ?? "";
      };
      return h("div", { class: "empty" }, h("p", {}, say("no_phones")), h("button", { type: "button", class: "strong", onclick: create }, say("pick_up_phone")), trouble);
    }
    return h(
      "div",
      { class: "empty" },
      h("h2", {}, say("no_apps")),
      h("p", {}, say("no_apps_more")),
      h("button", { type: "button", class: "strong", onclick: () => this.addApp() }, say("add_app")),
    );
  }

  addApp() {
    newAppDialog((appid) => {
      kept.appid = appid;
      keep();
      void this.line.refresh();
    });
  }

  /** @param {Phone} phone */
  takeInHand(phone) {
    if (this.phones.active === phone || !this.phones.open.includes(phone)) return;
    this.phones.take(phone);
    this.showInHand();
  }

  /** @param {Phone} phone */
  putAway(phone) {
    this.phones.putAway(phone);
    this.arrange();
    this.line.again();
  }

  showInHand() {
    const { active } = this.phones;
    for (const [phone, handset] of this.handsets) {
      handset.element.classList.toggle("in-hand", phone === active);
      if (phone === active && !NARROW.matches) handset.element.scrollIntoView({ block: "nearest", inline: "nearest" });
    }
    this.customers?.redraw();
    this.customerPanel?.update(active);
    void this.refreshCalls();
    if (this.state) this.sandboxPanel?.update(this.state, this.appOf(active));
  }

  /** @param {Phone | null} phone */
  appOf(phone) {
    const app = this.state?.apps.find((one) => one.appid === phone?.appid);
    return app ?? this.customers?.app ?? null;
  }

  /** @param {string} appid */
  appName(appid) {
    return this.state?.apps.find((app) => app.appid === appid)?.name || say("mini_program");
  }

  /**
   * One thing a customer does. Answers null when it failed, after saying why on that phone.
   * @param {Phone} phone
   * @param {string} action
   * @param {unknown} body
   */
  async act(phone, action, body) {
    try {
      const answer = await call("POST", `${pathOf(phone.appid, phone.openid)}/${action}?wait=0`, body);
      phone.trouble = null;
      this.handsets.get(phone)?.tick();
      return answer;
    } catch (failure) {
      phone.trouble = inWords(failure);
      this.handsets.get(phone)?.tick();
      return null;
    }
  }

  /** @param {Phone} phone */
  async createAgain(phone) {
    try {
      await call("POST", `${pathOf(phone.appid)}/customers`, { openid: phone.openid, name: phone.name });
      phone.isGone = false;
      phone.trouble = null;
      phone.screen = "entrance";
      this.line.again();
      void this.line.refresh();
    } catch (failure) {
      phone.trouble = inWords(failure);
    }
    this.handsets.get(phone)?.update();
  }

  /** @param {PhonesAnswer} answer */
  looked(answer) {
    this.lives(answer.life);
    for (const look of answer.items) {
      const phone = this.phones.find(look.appid, look.openid);
      if (!phone) continue;
      if (look.gone) phone.lose();
      else phone.take(look);
      this.handsets.get(phone)?.update();
      if (phone === this.phones.active) {
        this.customerPanel?.update(phone);
        void this.refreshCalls();
      }
    }
  }

  /** @param {State} state */
  took(state) {
    this.lives(state.life);
    const wasEmpty = !this.state || !this.state.apps.length;
    this.state = state;
    this.customers?.update(state);
    this.sandboxPanel?.update(state, this.appOf(this.phones.active));
    for (const handset of this.handsets.values()) handset.update();
    if (wasEmpty || !this.phones.open.length) this.arrange();
    void this.refreshCalls();
  }

  /** @param {string} life */
  lives(life) {
    const isNew = this.life !== null && this.life !== life;
    this.life = life;
    if (!isNew) return;
    this.announce(say("began_anew"), "warn");
    void this.line.refresh();
  }

  /**
   * @param {boolean} isUp
   * @param {string | null} trouble
   */
  heard(isUp, trouble) {
    if (isUp === this.isUp) return;
    this.isUp = isUp;
    if (isUp) this.announce(say("back_again"), "good");
    else this.announce(trouble ?? say("lost"), "bad", false);
    document.body.classList.toggle("is-lost", !isUp);
  }

  /**
   * @param {string} words
   * @param {"good" | "warn" | "bad"} kind
   * @param {boolean} [passes]
   */
  announce(words, kind, passes = true) {
    this.banner.textContent = words;
    this.banner.className = `banner ${kind}`;
    this.banner.hidden = false;
    clearTimeout(this.quiet);
    if (passes) this.quiet = setTimeout(() => (this.banner.hidden = true), SAID_MS);
  }

  async refreshCalls() {
    if (!document.body.classList.contains("with-drawer")) return;
    await Promise.all([this.customerPanel?.refreshCalls(), this.sandboxPanel?.refreshCalls()]);
  }

  tick() {
    for (const handset of this.handsets.values()) handset.tick();
    this.customerPanel?.tick();
    this.sandboxPanel?.tick();
  }
}

new Page();
