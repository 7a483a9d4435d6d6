// @ts-check
// What this browser remembers of the page. It may refuse to remember; the page works all the same.

const KEY = "wxdesk-sandbox-page";

/**
 * @typedef {{appid: string, openid: string, screen: "entrance" | "chat"}} KeptPhone
 * @typedef {{session_from: string, shows_card: boolean, title: string, path: string}} Entrance
 * @typedef {{
 *   language: "zh" | "en" | null, phones: KeptPhone[], active: number, appid: string | null,
 *   drawer: boolean | null, tab: "customer" | "sandbox", entrance: Entrance,
 * }} Kept
 */

/** @returns {Kept} */
function nothing() {
  const entrance = { session_from: "", shows_card: false, title: "", path: "" };
  return { language: null, phones: [], active: 0, appid: null, drawer: null, tab: "customer", entrance };
}

/** @returns {Kept} */
function read() {
  try {
    const found = JSON.parse(localStorage.getItem(KEY) ?? "{}");
    return { ...nothing(), ...found };
  } catch {
    return nothing();
  }
}

export const kept = read();

export function keep() {
  try {
    localStorage.setItem(KEY, JSON.stringify(kept));
  } catch {
    // A browser that keeps nothing: the next visit begins anew.
  }
}
