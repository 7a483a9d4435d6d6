// @ts-check
// Pictures of people: an initial on a colour that stays the same.

import { h } from "./element.js";

const COLOURS = 8;

/**
 * @param {string} key decides the colour
 * @param {string} name
 */
export function avatar(key, name) {
  let sum = 0x811c9dc5;
  for (const letter of key) sum = Math.imul(sum ^ (letter.codePointAt(0) ?? 0), 0x01000193) >>> 0;
  const initial = /[\p{L}\p{N}\p{Emoji_Presentation}]/u.exec(name)?.[0].toUpperCase() ?? "?";
  return h("span", { class: `avatar colour-${(sum >>> 13) % COLOURS}`, "aria-hidden": "true" }, initial);
}

export function serviceAvatar() {
  return h("span", { class: "avatar service", "aria-hidden": "true" }, "服");
}
