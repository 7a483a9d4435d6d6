// @ts-check
// The chat itself: the items, the times between them, the typing notice, the composer.

import { bubble } from "./bubbles.js";
import { Composer } from "./composer.js";
import { h, icon } from "./element.js";
import { whyNotPicture } from "./sheets.js";
import { chatTime, clockNow, isTimeShown } from "./times.js";
import { say } from "./words.js";

/**
 * @typedef {import("./phones.js").Phone} Phone
 * @typedef {import("./types.js").Item} Item
 * @typedef {import("./sheets.js").Sheets} Sheets
 * @typedef {(action: string, body: unknown) => Promise<any>} Act answers null when it failed, after saying why
 */

const NEAR_PX = 80;

export class Chat {
  /**
   * @param {Phone} phone
   * @param {string} appName
   * @param {Sheets} sheets
   * @param {Act} act
   * @param {() => void} leave
   */
  constructor(phone, appName, sheets, act, leave) {
    this.phone = phone;
    this.appName = appName;
    this.sheets = sheets;
    this.act = act;
    this.shownVersion = "";
    this.shownUpTo = 0;
    this.follows = true;
    /** @type {number | null} */
    this.lastAt = null;
    this.title = h("h3", {}, appName);
    this.list = h("div", { class: "items", role: "log", "aria-label": say("chat"), tabindex: 0 });
    this.below = h("button", { type: "button", class: "below", hidden: true, onclick: () => this.toEnd() }, say("more_below"), icon("down"));
    this.trouble = h("p", { class: "trouble", role: "alert" });
    this.offer = h("div", { class: "offered" });
    this.composer = new Composer(phone, {
      say: async (text) => (await act("say", { text })) !== null,
      picture: (file) => this.offerPicture(file),
      card: () => this.composeCard(),
    });
    this.list.addEventListener("scroll", () => {
      this.follows = this.isAtEnd;
      if (this.follows) this.below.hidden = true;
    });
    new ResizeObserver(() => this.follow()).observe(this.list);
    this.element = h(
      "div",
      { class: "screen chat" },
      h(
        "header",
        { class: "nav" },
        h("button", { type: "button", class: "nav-back", "aria-label": say("back_to_app"), onclick: leave }, icon("back")),
        this.title,
        h("span", { class: "nav-dots" }, icon("dots")),
      ),
      this.list,
      h("div", { class: "over-bar" }, this.below, this.offer),
      this.trouble,
      this.composer.element,
    );
    this.takeDrops();
    this.update();
  }

  get isAtEnd() {
    return this.list.scrollHeight - this.list.scrollTop - this.list.clientHeight < NEAR_PX;
  }

  toEnd() {
    this.list.scrollTop = this.list.scrollHeight;
    this.below.hidden = true;
  }

  /** Stay at the end, for those who read there, whatever grows or shrinks. */
  follow() {
    if (this.follows) this.toEnd();
  }

  /** Show what has come since. */
  update() {
    const { items } = this.phone;
    const first = items[0]?.n ?? 1;
    const life = this.phone.version.split(".")[0];
    if (life !== this.shownVersion || (items.at(-1)?.n ?? 0) < this.shownUpTo) this.startAgain(life, first);
    const fresh = items.filter((item) => item.n > this.shownUpTo);
    if (fresh.length) this.append(fresh);
    this.showOffer();
    this.tick();
  }

  /**
   * @param {string} life
   * @param {number} first
   */
  startAgain(life, first) {
    this.list.replaceChildren();
    this.shownVersion = life;
    this.shownUpTo = first - 1;
    this.lastAt = null;
  }

  /** @param {Item[]} fresh */
  append(fresh) {
    this.follows ||= fresh.some((item) => item.from === "customer");
    const hands = {
      tap: (/** @type {Item} */ item, link = 0) => void this.tap(item, link),
      show: (/** @type {string} */ url) => this.sheets.showPicture(url),
      url: (/** @type {string} */ url) => this.sheets.showOpened({ url }),
    };
    const made = [];
    for (const item of fresh) {
      const at = Date.parse(item.at);
      if (isTimeShown(at, this.lastAt)) made.push(h("div", { class: "time" }, chatTime(at, clockNow())));
      this.lastAt = at;
      const row = bubble(item, this.phone, this.appName, hands);
      row.querySelector("img")?.addEventListener("load", () => this.follow());
      made.push(row);
    }
    this.list.append(...made);
    this.shownUpTo = fresh.at(-1)?.n ?? this.shownUpTo;
    if (this.follows) requestAnimationFrame(() => this.follow());
    else this.below.hidden = false;
  }

  /** What only time changes. */
  tick() {
    const words = this.phone.isTyping ? say("typing") : this.appName;
    if (this.title.textContent !== words) this.title.textContent = words;
    this.trouble.textContent = this.phone.trouble ?? "";
  }

  /**
   * @param {Item} item
   * @param {number} link
   */
  async tap(item, link) {
    const answer = await this.act("tap", { n: item.n, link });
    if (answer) this.sheets.showOpened(answer.opened);
  }

  /** @param {File} file */
  offerPicture(file) {
    const words = whyNotPicture(file);
    this.phone.trouble = words;
    this.tick();
    if (words) return;
    this.sheets.confirmPicture(file, () => {
      const form = new FormData();
      form.append("file", file, file.name || "picture");
      void this.act("image", form);
    });
  }

  composeCard() {
    this.composer.openTray(null);
    this.sheets.composeCard((card) => void this.act("card", card));
  }

  /** The card that the mini program's button offers, until it is sent or put away. */
  showOffer() {
    const offered = this.phone.offered;
    if (!offered) {
      this.offer.replaceChildren();
      return;
    }
    if (this.offer.childElementCount) return;
    const away = () => {
      this.phone.offered = null;
      this.showOffer();
      this.composer.text.focus();
    };
    const send = async () => {
      away();
      await this.act("card", offered);
    };
    this.offer.append(
      h(
        "div",
        { class: "offer-card" },
        h("span", { class: "offer-words" }, say("you_may_send")),
        h("button", { type: "button", class: "offer-away", "aria-label": say("not_send"), onclick: away }, icon("close")),
        h(
          "button",
          { type: "button", class: "offer-send", "aria-label": say("send_this_card", { title: offered.title }), onclick: send },
          h("strong", {}, offered.title),
          h("code", {}, offered.path),
        ),
      ),
    );
  }

  takeDrops() {
    const over = (/** @type {DragEvent} */ event) => {
      if (![...(event.dataTransfer?.types ?? [])].includes("Files")) return;
      event.preventDefault();
      this.element.dataset.drop = say("drop_here");
    };
    const left = () => delete this.element.dataset.drop;
    this.element.addEventListener("dragover", over);
    this.element.addEventListener("dragleave", left);
    this.element.addEventListener("drop", (event) => {
      left();
      const file = event.dataTransfer?.files[0];
      if (!file) return;
      event.preventDefault();
      this.offerPicture(file);
    });
  }
}
