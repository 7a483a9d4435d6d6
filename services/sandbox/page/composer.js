// @ts-check
// The bar at the foot of the chat: text, emoji, pictures, cards.

import { h, icon } from "./element.js";
import { say } from "./words.js";

const EMOJI = [
  ..."😀😄😂🤣😊😉😍😘😜🤔😏😭😡😱😴🤧👍👎👌🙏👏💪🤝🎉❤️💔🌹☀️🌙⭐🔥🎁📦🚚💰🧾✅❌".matchAll(/\p{Emoji}\uFE0F?/gu),
].map(String);

/**
 * @typedef {import("./phones.js").Phone} Phone
 * @typedef {{say: (text: string) => Promise<boolean>, picture: (file: File) => void, card: () => void}} Mouth
 */

export class Composer {
  /**
   * @param {Phone} phone
   * @param {Mouth} mouth
   */
  constructor(phone, mouth) {
    this.phone = phone;
    this.mouth = mouth;
    this.isSending = false;
    this.text = h("textarea", { rows: 1, "aria-label": say("message"), enterkeyhint: "send", maxlength: 20000 });
    this.text.value = phone.draft;
    this.file = h("input", { type: "file", accept: "image/jpeg,image/png,image/gif", hidden: true });
    this.send = h("button", { type: "submit", class: "send" }, say("send"));
    this.emojiButton = this.toggle("smile", say("emoji"));
    this.moreButton = this.toggle("plus", say("more"));
    this.emoji = h("div", { class: "tray emoji", role: "group", "aria-label": say("emoji"), hidden: true });
    this.more = h("div", { class: "tray tools", role: "group", "aria-label": say("more"), hidden: true });
    this.fillTrays();
    this.element = h(
      "form",
      { class: "composer" },
      h("div", { class: "bar" }, this.text, this.emojiButton, this.moreButton, this.send),
      this.emoji,
      this.more,
      this.file,
    );
    this.listen();
    this.grow();
  }

  /**
   * @param {string} drawing
   * @param {string} name
   */
  toggle(drawing, name) {
    return h("button", { type: "button", class: "round", "aria-label": name, "aria-expanded": "false" }, icon(drawing));
  }

  fillTrays() {
    for (const face of EMOJI) {
      this.emoji.append(h("button", { type: "button", "aria-label": face, onclick: () => this.insert(face) }, face));
    }
    const choose = () => this.file.click();
    this.more.append(
      h("button", { type: "button", onclick: choose }, h("span", { class: "tool" }, icon("picture")), say("photo")),
      h("button", { type: "button", onclick: () => this.mouth.card() }, h("span", { class: "tool" }, icon("card")), say("card_short")),
    );
  }

  listen() {
    this.element.addEventListener("submit", (event) => {
      event.preventDefault();
      void this.go();
    });
    this.text.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
      event.preventDefault();
      void this.go();
    });
    this.text.addEventListener("input", () => this.grow());
    this.text.addEventListener("paste", (event) => {
      const file = [...(event.clipboardData?.files ?? [])][0];
      if (!file) return;
      event.preventDefault();
      this.mouth.picture(file);
    });
    this.file.addEventListener("change", () => {
      const file = this.file.files?.[0];
      this.file.value = "";
      this.openTray(null);
      if (file) this.mouth.picture(file);
    });
    this.emojiButton.addEventListener("click", () => this.openTray(this.emoji.hidden ? this.emoji : null));
    this.moreButton.addEventListener("click", () => this.openTray(this.more.hidden ? this.more : null));
  }

  /** @param {HTMLElement | null} tray */
  openTray(tray) {
    this.emoji.hidden = tray !== this.emoji;
    this.more.hidden = tray !== this.more;
    this.emojiButton.setAttribute("aria-expanded", String(!this.emoji.hidden));
    this.moreButton.setAttribute("aria-expanded", String(!this.more.hidden));
  }

  /** @param {string} face */
  insert(face) {
    this.text.setRangeText(face, this.text.selectionStart, this.text.selectionEnd, "end");
    this.grow();
  }

  /** As high as its text, four lines at most; the green button takes the place of the plus when there is text. */
  grow() {
    this.phone.draft = this.text.value;
    const isEmpty = !this.text.value;
    this.send.hidden = isEmpty;
    this.moreButton.hidden = !isEmpty;
    this.text.style.height = "auto";
    this.text.style.height = `${Math.min(this.text.scrollHeight, 104)}px`;
  }

  async go() {
    const text = this.text.value;
    if (!text.trim() || this.isSending) return;
    this.isSending = true;
    this.text.value = "";
    this.grow();
    const isSaid = await this.mouth.say(text);
    this.isSending = false;
    if (isSaid || this.text.value) return;
    this.text.value = text;
    this.grow();
  }
}
