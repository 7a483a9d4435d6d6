// @ts-check
// The phones this page holds: what is known of each, apart from how it looks.

import { kept, keep } from "./shelf.js";
import { clockNow } from "./times.js";

/**
 * @typedef {import("./types.js").Item} Item
 * @typedef {import("./types.js").PhoneLook} PhoneLook
 */

const SHORT = 14;

/**
 * The name, or as much of the openid as tells customers apart.
 * @param {string} openid
 * @param {string | null} name
 */
export function shownName(openid, name) {
  return name || (openid.length > SHORT ? `…${openid.slice(-6)}` : openid);
}

/** @param {string} openid */
export function shortOpenid(openid) {
  return openid.length > SHORT ? `${openid.slice(0, 6)}…${openid.slice(-4)}` : openid;
}

/** One customer's phone. */
export class Phone {
  /**
   * @param {string} appid
   * @param {string} openid
   * @param {"entrance" | "chat"} screen
   */
  constructor(appid, openid, screen = "entrance") {
    this.appid = appid;
    this.openid = openid;
    /** @type {"entrance" | "chat"} */
    this.screen = screen;
    /** @type {string | null} */
    this.name = null;
    this.draft = "";
    /** @type {{title: string, path: string, image: string | null} | null} the card the entrance offers */
    this.offered = null;
    /** @type {string | null} the last failure, in words */
    this.trouble = null;
    this.isGone = false;
    this.version = "";
    /** @type {Item[]} */
    this.items = [];
    /** @type {number | null} */
    this.typingUntil = null;
    /** @type {PhoneLook | null} */
    this.seen = null;
  }

  get id() {
    return `${this.appid},${this.openid}`;
  }

  get shownName() {
    return shownName(this.openid, this.name);
  }

  /** How far this page has read, as the long poll asks for it. */
  get look() {
    return `${this.id},${this.items.at(-1)?.n ?? 0},${this.version}`;
  }

  get isTyping() {
    return this.typingUntil !== null && clockNow() < this.typingUntil;
  }

  /** @param {PhoneLook} look */
  take(look) {
    if (look.begins) this.items = [];
    const last = this.items.at(-1)?.n ?? 0;
    this.items.push(...look.items.filter((item) => item.n > last));
    this.version = look.version;
    this.name = look.name;
    this.typingUntil = look.typing_until === null ? null : Date.parse(look.typing_until);
    this.seen = look;
    this.isGone = false;
  }

  /** The sandbox knows this customer no more. */
  lose() {
    this.version = "";
    this.items = [];
    this.typingUntil = null;
    this.seen = null;
    this.isGone = true;
  }
}

/** The open phones, of which one is in hand. */
export class Phones {
  constructor() {
    this.open = kept.phones.map((phone) => new Phone(phone.appid, phone.openid, phone.screen));
    this.inHand = Math.min(kept.active, Math.max(0, this.open.length - 1));
    /** @type {Map<string, Phone>} those put away, as they were */
    this.away = new Map();
  }

  /** @returns {Phone | null} */
  get active() {
    return this.open[this.inHand] ?? null;
  }

  /**
   * @param {string} appid
   * @param {string} openid
   */
  find(appid, openid) {
    return this.open.find((phone) => phone.appid === appid && phone.openid === openid) ?? null;
  }

  /** @param {Phone} phone */
  take(phone) {
    this.inHand = Math.max(0, this.open.indexOf(phone));
    this.remember();
  }

  /**
   * Show this customer: the phone that is there, or in place of the one in hand, or beside it.
   * @param {string} appid
   * @param {string} openid
   * @param {boolean} beside
   */
  show(appid, openid, beside) {
    const there = this.find(appid, openid);
    const phone = there ?? this.away.get(`${appid},${openid}`) ?? new Phone(appid, openid);
    this.away.delete(phone.id);
    if (!there) {
      const replaced = beside ? [] : this.open.splice(this.inHand, 1, phone);
      if (beside) this.open.splice(this.inHand + 1, 0, phone);
      for (const one of replaced) this.away.set(one.id, one);
    }
    this.take(phone);
    return phone;
  }

  /** @param {Phone} phone */
  putAway(phone) {
    const at = this.open.indexOf(phone);
    if (at < 0) return;
    this.open.splice(at, 1);
    this.away.set(phone.id, phone);
    if (at < this.inHand || this.inHand >= this.open.length) this.inHand = Math.max(0, this.inHand - 1);
    this.remember();
  }

  remember() {
    kept.phones = this.open.map(({ appid, openid, screen }) => ({ appid, openid, screen }));
    kept.active = this.inHand;
    keep();
  }
}
