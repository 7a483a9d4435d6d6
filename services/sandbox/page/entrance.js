// @ts-check
// The page of the mini program with the contact button, and the button's attributes to choose.

import { h, labelled, ticked } from "./element.js";
import { cardFields } from "./sheets.js";
import { keep, kept } from "./shelf.js";
import { say } from "./words.js";

/** @typedef {{title: string, path: string, image: string | null}} OfferedCard */

/**
 * @param {string} appName
 * @param {(sessionFrom: string, offered: OfferedCard | null) => void} enter
 * @param {() => void} openChat
 */
export function entrance(appName, enter, openChat) {
  const { entrance: before } = kept;
  const from = h("textarea", { rows: 2, maxlength: 1024, class: "code", spellcheck: "false" });
  from.value = before.session_from;
  const shows = h("input", {});
  shows.checked = before.shows_card;
  const card = cardFields(before.title || say("sample_title"), before.path || say("sample_path"));
  const cardRows = h("fieldset", { class: "offer", "aria-label": say("card") }, ...card.rows);
  const shownOrNot = () => {
    cardRows.hidden = !shows.checked;
    cardRows.disabled = !shows.checked;
  };
  shows.addEventListener("change", shownOrNot);
  const submitted = (/** @type {Event} */ event) => {
    event.preventDefault();
    const { title, path, image } = card.read();
    kept.entrance = { session_from: from.value, shows_card: shows.checked, title, path };
    keep();
    enter(from.value, shows.checked ? { title, path, image } : null);
  };
  const form = h(
    "form",
    { class: "entrance", onsubmit: submitted },
    h("div", { class: "shop", "aria-hidden": "true" }, h("span", {}), h("span", {}), h("span", {})),
    h("h3", {}, say("entrance_title")),
    h("p", { class: "entrance-more" }, say("entrance_more")),
    h("button", { type: "submit", class: "contact" }, say("contact")),
    h("button", { type: "button", class: "only-open", onclick: openChat }, say("open_chat")),
    h(
      "section",
      { class: "attributes", "aria-label": say("button_attributes") },
      h("p", { class: "code-line" }, '<button open-type="contact" …>'),
      labelled("session-from", from, say("session_from_hint")),
      ticked("show-message-card", shows),
      h("p", { class: "hint" }, say("shows_card_hint")),
      cardRows,
    ),
  );
  shownOrNot();
  const bar = h(
    "header",
    { class: "nav" },
    h("h3", {}, appName),
    h("span", { class: "capsule", "aria-hidden": "true" }, h("i", {}), h("i", {})),
  );
  return h("div", { class: "screen entrance-screen" }, bar, form);
}
