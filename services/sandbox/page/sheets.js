// @ts-check
// What lies over the phone's screen: an enlarged picture, an opened page, a picture or a card about to be sent.

import { cover } from "./bubbles.js";
import { fill, h, icon, labelled } from "./element.js";
import { say } from "./words.js";

/** @typedef {import("./types.js").Opened} Opened */

const LARGEST = 10 * 1024 * 1024;
const KINDS = ["image/jpeg", "image/png", "image/gif"];

/** One sheet at a time, over everything of this phone; Escape and its own button put it away. */
export class Sheets {
  constructor() {
    this.element = h("div", { class: "sheets", hidden: true });
    /** @type {HTMLElement | null} */
    this.before = null;
    /** @type {(() => void) | null} */
    this.onClose = null;
    this.element.addEventListener("keydown", (event) => {
      if (event.key !== "Escape") return;
      event.stopPropagation();
      this.close();
    });
  }

  /**
   * @param {string} name
   * @param {string} kind
   * @param {(Node | string)[]} inside
   * @param {() => void} [onClose]
   */
  open(name, kind, inside, onClose) {
    if (this.element.hidden) this.before = /** @type {HTMLElement | null} */ (document.activeElement);
    this.onClose?.();
    this.onClose = onClose ?? null;
    fill(this.element, h("section", { class: `sheet ${kind}`, role: "dialog", "aria-label": name }, ...inside));
    this.element.hidden = false;
    const first = this.element.querySelector("[data-first]") ?? this.element.querySelector("button, input");
    /** @type {HTMLElement | null} */ (first)?.focus();
  }

  close() {
    if (this.element.hidden) return;
    this.element.hidden = true;
    this.element.replaceChildren();
    this.onClose?.();
    this.onClose = null;
    this.before?.focus();
  }

  /** @param {string} url */
  showPicture(url) {
    const away = h(
      "button",
      { type: "button", class: "whole-picture", "aria-label": say("close"), onclick: () => this.close() },
      h("img", { src: url, alt: say("picture") }),
    );
    this.open(say("picture"), "black", [away]);
  }

  /** @param {Opened} opened */
  showOpened(opened) {
    const isPage = "path" in opened;
    this.open(say(isPage ? "opened_page" : "opened_url"), "page-sheet", [
      h(
        "header",
        { class: "nav" },
        h("button", { type: "button", class: "nav-back", "aria-label": say("back"), onclick: () => this.close() }, icon("back")),
        h("h3", {}, say(isPage ? "opened_page" : "opened_url")),
      ),
      h("p", { class: "sheet-more" }, say(isPage ? "opened_more" : "opened_url_more")),
      isPage ? pageTable(opened) : h("p", { class: "opened-url" }, opened.url),
    ]);
  }

  /**
   * A picture, seen once more before it goes.
   * @param {File} file
   * @param {() => void} send
   */
  confirmPicture(file, send) {
    const url = URL.createObjectURL(file);
    const go = () => {
      this.close();
      send();
    };
    this.open(
      say("send_picture"),
      "bottom",
      [
        h("h3", {}, say("send_picture")),
        h("img", { class: "preview", src: url, alt: file.name }),
        h(
          "div",
          { class: "sheet-buttons" },
          h("button", { type: "button", class: "plain", onclick: () => this.close() }, say("cancel")),
          h("button", { type: "button", class: "strong", "data-first": true, onclick: go }, say("send")),
        ),
      ],
      () => URL.revokeObjectURL(url),
    );
  }

  /**
   * A card to be written.
   * @param {(card: {title: string, path: string, image: string | null}) => void} send
   */
  composeCard(send) {
    const fields = cardFields("", "");
    const form = h(
      "form",
      {
        onsubmit: (/** @type {Event} */ event) => {
          event.preventDefault();
          const card = fields.read();
          this.close();
          send(card);
        },
      },
      h("h3", {}, say("card")),
      ...fields.rows,
      h(
        "div",
        { class: "sheet-buttons" },
        h("button", { type: "button", class: "plain", onclick: () => this.close() }, say("cancel")),
        h("button", { type: "submit", class: "strong" }, say("send_card")),
      ),
    );
    this.open(say("card"), "bottom", [form]);
  }
}

/** @param {{path: string, query: Record<string, string>}} opened */
function pageTable(opened) {
  const rows = Object.entries(opened.query).map(([name, value]) =>
    h("tr", {}, h("th", { scope: "row" }, name), h("td", {}, value)),
  );
  return h(
    "table",
    { class: "opened" },
    h("tr", {}, h("th", { scope: "row" }, "path"), h("td", {}, opened.path)),
    h(
      "tr",
      {},
      h("th", { scope: "row" }, "query"),
      h("td", {}, rows.length ? h("table", {}, ...rows) : say("no_query")),
    ),
  );
}

/**
 * Title, path and cover of a card, as rows of a form.
 * @param {string} title
 * @param {string} path
 */
export function cardFields(title, path) {
  const titleField = h("input", { value: title, required: true, maxlength: 128, placeholder: say("sample_title") });
  const pathField = h("input", { value: path, required: true, maxlength: 1024, placeholder: say("sample_path"), class: "code" });
  const file = h("input", { type: "file", accept: KINDS.join(",") });
  const trouble = h("p", { class: "trouble", role: "alert" });
  const shown = cover(null);
  /** @type {string | null} */
  let image = null;
  file.addEventListener("change", async () => {
    const chosen = file.files?.[0] ?? null;
    const words = chosen && whyNotPicture(chosen);
    trouble.textContent = words ?? "";
    image = chosen && !words ? await dataUrl(chosen) : null;
    shown.replaceChildren(...cover(chosen && !words ? URL.createObjectURL(chosen) : null).childNodes);
  });
  const rows = [
    labelled(say("card_title"), titleField),
    labelled(say("card_path"), pathField),
    labelled(say("card_cover"), file),
    h("div", { class: "small-cover" }, shown),
    trouble,
  ];
  const read = () => ({ title: titleField.value.trim(), path: pathField.value.trim(), image });
  return { rows, read, titleField, pathField };
}

/**
 * Why this file cannot be sent, in words; null if it can.
 * @param {File} file
 */
export function whyNotPicture(file) {
  if (!KINDS.includes(file.type)) return say("not_a_picture");
  if (file.size > LARGEST) return say("too_large", { size: (file.size / 1024 / 1024).toFixed(1) });
  return null;
}

/**
 * @param {Blob} file
 * @returns {Promise<string>}
 */
function dataUrl(file) {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.addEventListener("load", () => resolve(String(reader.result)));
    reader.addEventListener("error", () => reject(reader.error));
    reader.readAsDataURL(file);
  });
}
