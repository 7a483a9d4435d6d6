// @ts-check
// One phone as it stands on the page: its name, its frame, and the screen it shows.

import { avatar } from "./avatar.js";
import { Chat } from "./chat.js";
import { fill, h, icon } from "./element.js";
import { entrance } from "./entrance.js";
import { shortOpenid } from "./phones.js";
import { Sheets } from "./sheets.js";
import { clockNow, hourMinute } from "./times.js";
import { say } from "./words.js";

/**
 * @typedef {import("./phones.js").Phone} Phone
 * @typedef {{
 *   act: (phone: Phone, action: string, body: unknown) => Promise<any>,
 *   takeInHand: (phone: Phone) => void, putAway: (phone: Phone) => void, createAgain: (phone: Phone) => void,
 *   appName: (appid: string) => string, changed: () => void,
 * }} Room
 */

export class Handset {
  /**
   * @param {Phone} phone
   * @param {Room} room
   */
  constructor(phone, room) {
    this.phone = phone;
    this.room = room;
    this.sheets = new Sheets();
    /** @type {Chat | null} */
    this.chat = null;
    this.shown = "";
    this.time = h("time", { class: "status-time" });
    this.screen = h("div", { class: "screens" });
    this.name = h("strong", {});
    this.element = h("section", { class: "handset", tabindex: -1 });
    this.face = h("span", {});
    this.element.append(this.strap(), this.frame());
    const take = () => room.takeInHand(phone);
    this.element.addEventListener("pointerdown", take);
    this.element.addEventListener("focusin", take);
    this.update();
  }

  strap() {
    return h(
      "header",
      { class: "strap" },
      this.face,
      this.name,
      h("code", { title: this.phone.openid }, shortOpenid(this.phone.openid)),
      h(
        "button",
        { type: "button", class: "quiet", "aria-label": say("close_phone"), title: say("close_phone"), onclick: () => this.room.putAway(this.phone) },
        icon("close"),
      ),
    );
  }

  frame() {
    const status = h(
      "div",
      { class: "status" },
      this.time,
      h("span", { class: "sandbox-mark" }, say("sandbox")),
      h("span", { class: "status-signs", "aria-hidden": "true" }, h("i", {}), h("b", {})),
    );
    return h("div", { class: "frame" }, status, this.screen, this.sheets.element);
  }

  update() {
    const { phone } = this;
    this.element.setAttribute("aria-label", say("phone_of", { name: phone.shownName }));
    if (this.name.textContent !== phone.shownName) {
      this.name.textContent = phone.shownName;
      fill(this.face, avatar(phone.openid, phone.shownName));
    }
    const wanted = `${phone.isGone ? "gone" : phone.screen} ${this.room.appName(phone.appid)}`;
    if (wanted !== this.shown) this.show(wanted);
    this.chat?.update();
    this.tick();
  }

  /** @param {string} wanted */
  show(wanted) {
    const hadFocus = this.screen.contains(document.activeElement);
    this.shown = wanted;
    this.chat = null;
    this.sheets.close();
    fill(this.screen, this.made());
    if (hadFocus) this.focus();
  }

  made() {
    const { phone, room } = this;
    const appName = room.appName(phone.appid);
    if (phone.isGone) return this.lost();
    if (phone.screen === "entrance") {
      return entrance(
        appName,
        (from, offered) => void this.enter(from, offered),
        () => this.go("chat"),
      );
    }
    const act = (/** @type {string} */ action, /** @type {unknown} */ body) => room.act(phone, action, body);
    this.chat = new Chat(phone, appName, this.sheets, act, () => this.go("entrance"));
    return this.chat.element;
  }

  lost() {
    return h(
      "div",
      { class: "screen lost" },
      h("h3", {}, say("gone")),
      h("p", {}, say("gone_more")),
      h("button", { type: "button", class: "strong", onclick: () => this.room.createAgain(this.phone) }, say("create_again")),
      h("p", { class: "trouble", role: "alert" }, this.phone.trouble),
    );
  }

  /**
   * @param {string} sessionFrom
   * @param {{title: string, path: string, image: string | null} | null} offered
   */
  async enter(sessionFrom, offered) {
    this.phone.offered = offered;
    this.go("chat");
    await this.room.act(this.phone, "enter", { session_from: sessionFrom });
  }

  /** @param {"entrance" | "chat"} screen */
  go(screen) {
    this.phone.screen = screen;
    this.phone.trouble = null;
    this.room.changed();
    this.update();
    this.focus();
  }

  focus() {
    if (this.chat) this.chat.composer.text.focus();
    else /** @type {HTMLElement | null} */ (this.screen.querySelector("button.contact, button"))?.focus();
  }

  tick() {
    this.time.textContent = hourMinute(clockNow());
    this.chat?.tick();
  }
}
