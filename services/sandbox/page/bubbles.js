// @ts-check
// One item of the chat, as WeChat shows it.

import { avatar, serviceAvatar } from "./avatar.js";
import { ownPicture } from "./api.js";
import { h, icon } from "./element.js";
import { say } from "./words.js";

/**
 * @typedef {import("./types.js").Item} Item
 * @typedef {import("./types.js").Card} Card
 * @typedef {import("./types.js").Link} Link
 * @typedef {import("./phones.js").Phone} Phone
 * @typedef {{tap: (item: Item, link?: number) => void, show: (url: string) => void, url: (url: string) => void}} Hands
 */

/**
 * @param {Item} item
 * @param {Phone} phone
 * @param {string} appName
 * @param {Hands} hands
 */
export function bubble(item, phone, appName, hands) {
  if (item.from === "notice") {
    return h("div", { class: "notice" }, h("span", { class: "spoken" }, `${say("notice")}: `), item.text ?? "");
  }
  const isMine = item.from === "customer";
  const who = h("span", { class: "spoken" }, `${say(isMine ? "me" : "service")}: `);
  const face = isMine ? avatar(phone.openid, phone.shownName) : serviceAvatar();
  const said = h("div", { class: "said" }, who, content(item, appName, hands));
  if (item.ai_label) said.append(h("p", { class: "ai-label" }, say("made_by_ai")));
  return h("div", { class: isMine ? "row mine" : "row theirs" }, face, said);
}

/**
 * @param {Item} item
 * @param {string} appName
 * @param {Hands} hands
 */
function content(item, appName, hands) {
  if (item.card) return card(item, item.card, appName, hands);
  if (item.link) return link(item, item.link, hands);
  if (item.type === "image") return picture(item, hands);
  if (item.type === "text") return h("div", { class: "bubble" }, ...text(item, hands));
  return h("div", { class: "bubble unknown" }, say("other_type", { type: item.type }));
}

const LINKS = /<a\s([^>]*)>([\s\S]*?)<\/a>|(https?:\/\/[^\s<>"'，。；！？、（）]+)/gi;

/**
 * The text with its links: the service's own `<a …>`, which open what the sandbox says, and bare addresses.
 * @param {Item} item
 * @param {Hands} hands
 * @returns {(Node | string)[]}
 */
function text(item, hands) {
  const whole = item.text ?? "";
  const parts = [];
  let read = 0;
  let anchors = 0;
  for (const found of whole.matchAll(LINKS)) {
    const [all, attributes, words, url] = found;
    if (attributes !== undefined && item.from === "customer") continue;
    parts.push(whole.slice(read, found.index));
    const number = anchors;
    if (attributes !== undefined) {
      anchors += 1;
      parts.push(h("button", { type: "button", class: "inline-link", onclick: () => hands.tap(item, number) }, words));
    } else {
      parts.push(h("button", { type: "button", class: "inline-link", onclick: () => hands.url(url) }, url));
    }
    read = (found.index ?? 0) + all.length;
  }
  parts.push(whole.slice(read));
  return parts;
}

/**
 * @param {Item} item
 * @param {Hands} hands
 */
function picture(item, hands) {
  const url = ownPicture(item.media_url);
  if (!url) return lostPicture();
  const button = h("button", { type: "button", class: "picture", "aria-label": say("enlarge"), onclick: () => hands.show(url) });
  button.append(image(url, () => button.replaceWith(lostPicture())));
  return button;
}

function lostPicture() {
  return h("div", { class: "bubble unknown" }, say("picture_gone"));
}

/**
 * @param {string} url
 * @param {() => void} lost
 */
function image(url, lost) {
  return h("img", { src: url, alt: "", decoding: "async", onerror: lost });
}

/**
 * @param {Item} item
 * @param {Card} shown
 * @param {string} appName
 * @param {Hands} hands
 */
function card(item, shown, appName, hands) {
  const inside = [
    h("span", { class: "card-app" }, h("span", { class: "app-mark", "aria-hidden": "true" }), appName),
    h("span", { class: "card-title" }, shown.title),
    cover(shown.media_url),
    h("span", { class: "card-foot" }, icon("link"), say("mini_program")),
  ];
  return tappable("card", item, shown.title, hands, inside);
}

/** @param {string | null} mediaUrl */
export function cover(mediaUrl) {
  const box = h("span", { class: "cover" });
  const url = mediaUrl?.startsWith("blob:") ? mediaUrl : ownPicture(mediaUrl);
  const empty = () => box.replaceChildren(h("span", { class: "no-cover" }, say("no_cover")));
  if (url) box.append(image(url, empty));
  else empty();
  return box;
}

/**
 * @param {Item} item
 * @param {Link} shown
 * @param {Hands} hands
 */
function link(item, shown, hands) {
  const thumb = ownPicture(shown.thumb_url);
  const mark = h("span", { class: "link-thumb" }, icon("link"));
  if (thumb) mark.replaceChildren(image(thumb, () => mark.replaceChildren(icon("link"))));
  const inside = [
    h("span", { class: "card-title" }, shown.title),
    h("span", { class: "link-more" }, h("span", { class: "link-words" }, shown.description), mark),
  ];
  return tappable("card link", item, shown.title, hands, inside);
}

/**
 * What the service sent can be tapped; the customer's own card is only shown.
 * @param {string} kind
 * @param {Item} item
 * @param {string} title
 * @param {Hands} hands
 * @param {Node[]} inside
 */
function tappable(kind, item, title, hands, inside) {
  if (item.from === "customer") return h("div", { class: kind }, ...inside);
  const name = say("opens", { title });
  return h("button", { type: "button", class: kind, "aria-label": name, onclick: () => hands.tap(item) }, ...inside);
}
