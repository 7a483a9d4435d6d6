// @ts-check
// The sandbox's clock, and instants as WeChat writes them.

import { isChinese, say } from "./words.js";

const MINUTE = 60_000;
const DAY = 86_400_000;
const GAP = 5 * MINUTE;

let ahead = 0;

/**
 * Follow the clock of the sandbox, which people move.
 * @param {string} now
 */
export function followClock(now) {
  ahead = Date.parse(now) - Date.now();
}

/** The sandbox's present, in milliseconds. */
export function clockNow() {
  return Date.now() + ahead;
}

/** @param {number} number */
function two(number) {
  return String(number).padStart(2, "0");
}

/** @param {number} at */
export function hourMinute(at) {
  const date = new Date(at);
  return `${two(date.getHours())}:${two(date.getMinutes())}`;
}

/** @param {number} at */
export function hourMinuteSecond(at) {
  return `${hourMinute(at)}:${two(new Date(at).getSeconds())}`;
}

/** @param {number} at */
function midnight(at) {
  return new Date(at).setHours(0, 0, 0, 0);
}

/**
 * 14:05, 昨天 14:05, 星期三 14:05, 11月2日 14:05, 2025年11月2日 14:05.
 * @param {number} at
 * @param {number} now
 */
export function chatTime(at, now) {
  const days = Math.round((midnight(now) - midnight(at)) / DAY);
  const date = new Date(at);
  const time = hourMinute(at);
  const locale = isChinese() ? "zh-CN" : "en";
  if (days === 0) return time;
  if (days === 1) return `${say("yesterday")} ${time}`;
  if (days > 1 && days < 7) return `${date.toLocaleDateString(locale, { weekday: "long" })} ${time}`;
  const sameYear = date.getFullYear() === new Date(now).getFullYear();
  const day = date.toLocaleDateString(locale, {
    year: sameYear ? undefined : "numeric",
    month: isChinese() ? "long" : "short",
    day: "numeric",
  });
  return `${day} ${time}`;
}

/**
 * Whether WeChat writes the time above a message: five minutes after the one before.
 * @param {number} at
 * @param {number | null} before
 */
export function isTimeShown(at, before) {
  return before === null || at - before >= GAP || at < before;
}

/**
 * 47:59:12, 0:42.
 * @param {number} milliseconds
 */
export function countdown(milliseconds) {
  const seconds = Math.max(0, Math.ceil(milliseconds / 1000));
  const hours = Math.floor(seconds / 3600);
  const minutes = Math.floor((seconds % 3600) / 60);
  return hours ? `${hours}:${two(minutes)}:${two(seconds % 60)}` : `${minutes}:${two(seconds % 60)}`;
}

/**
 * 47 小时, 12 分: rounded up, for a glance.
 * @param {number} milliseconds
 */
export function roughly(milliseconds) {
  const minutes = Math.max(1, Math.ceil(milliseconds / MINUTE));
  return minutes > 60 ? say("hours", { n: Math.floor(minutes / 60) }) : say("minutes", { n: minutes });
}

/**
 * +47 小时 30 分, for the clock's offset.
 * @param {number} seconds
 */
export function offsetWords(seconds) {
  const whole = Math.round(Math.abs(seconds));
  const hours = Math.floor(whole / 3600);
  const minutes = Math.floor((whole % 3600) / 60);
  const parts = [];
  if (hours) parts.push(say("hours", { n: hours }));
  if (minutes) parts.push(say("minutes", { n: minutes }));
  if (!parts.length) parts.push(say("seconds", { n: whole }));
  return `${seconds < 0 ? "−" : "+"}${parts.join(" ")}`;
}
