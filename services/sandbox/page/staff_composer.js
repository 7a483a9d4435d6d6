// @ts-check
// Where staff write: words by Enter, pictures from a file.

import { h, icon } from "./element.js";

/** @typedef {import("./staff_desk.js").Act} Act */

export class StaffComposer {
  /**
   * @param {(key: string) => string} say
   * @param {number} longest characters in one message
   * @param {Act} act
   * @param {() => void} sent
   */
  constructor(say, longest, act, sent) {
    this.act = act;
    this.sent = sent;
    this.words = h("textarea", { rows: 2, maxlength: longest, "aria-label": say("message"), enterkeyhint: "send" });
    this.words.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
        event.preventDefault();
        void this.send();
      }
    });
    this.file = h("input", { type: "file", accept: "image/png,image/jpeg,image/gif", hidden: true, onchange: () => void this.sendPicture() });
    this.pictureButton = h("button", { type: "button", class: "quiet", "aria-label": say("send_picture"), title: say("send_picture"), onclick: () => this.file.click() }, icon("picture"));
    this.sendButton = h("button", { type: "submit", class: "strong" }, say("send"));
    const submitted = (/** @type {Event} */ event) => {
      event.preventDefault();
      void this.send();
    };
    this.element = h("form", { class: "composer", onsubmit: submitted }, this.pictureButton, this.words, this.sendButton, this.file);
  }

  clear() {
    this.words.value = "";
  }

  /** @param {string} why it is closed; "" opens it */
  close(why) {
    this.words.disabled = this.sendButton.disabled = this.pictureButton.disabled = Boolean(why);
    this.words.placeholder = why;
  }

  async send() {
    const text = this.words.value.trim();
    if (text && !this.sendButton.disabled && (await this.act("say", { text }))) {
      this.clear();
      this.sent();
    }
  }

  async sendPicture() {
    const file = this.file.files?.[0];
    this.file.value = "";
    if (!file) return;
    const form = new FormData();
    form.append("file", file, file.name);
    await this.act("picture", form);
  }
}
