// @ts-check
// Inside WeChat, about the customer whose phone is in hand: window, pushes, the official console, calls.

import { call } from "./api.js";
import { callRows } from "./calls.js";
import { fact, part } from "./drawer.js";
import { fill, h } from "./element.js";
import { chatTime, clockNow, countdown, hourMinute, hourMinuteSecond } from "./times.js";
import { say } from "./words.js";

/**
 * @typedef {import("./phones.js").Phone} Phone
 * @typedef {import("./types.js").PhoneLook} PhoneLook
 * @typedef {import("./types.js").ConsoleState} ConsoleState
 * @typedef {import("./types.js").Push} Push
 * @typedef {import("./types.js").Attempt} Attempt
 * @typedef {(phone: Phone, action: string, body: unknown) => Promise<any>} Act
 */

const GRANT = 5;
const CALLS = 20;

export class CustomerPanel {
  /** @param {Act} act */
  constructor(act) {
    this.act = act;
    /** @type {Phone | null} */
    this.phone = null;
    this.shown = "";
    this.callsShown = "";
    this.windowShown = "";
    /** @type {ConsoleState} */
    this.consoleShown = "none";
    this.window = h("div", {});
    this.left = h("span", { class: "countdown" });
    this.console = h("div", {});
    this.pushes = h("ol", { class: "pushes" });
    this.calls = h("div", {});
    this.consoleTrouble = h("p", { class: "trouble", role: "alert" });
    this.consoleForm = this.sayForm();
    this.head = h("header", { class: "panel-head" });
    this.parts = h(
      "div",
      {},
      part(say("window"), this.window),
      part(say("pushes"), this.pushes),
      part(say("console"), this.console, this.consoleForm, this.consoleTrouble),
      part(say("calls"), this.calls),
    );
    this.empty = h("p", { class: "hint" }, say("no_customer_chosen"));
    this.element = h("div", { class: "panel" }, this.head, this.empty, this.parts);
    this.update(null);
  }

  sayForm() {
    const words = h("input", { "aria-label": say("say_as_console"), placeholder: say("say_as_console"), required: true });
    const submitted = async (/** @type {Event} */ event) => {
      event.preventDefault();
      if (await this.asConsole("say", words.value)) words.value = "";
    };
    return h("form", { class: "inline-form", onsubmit: submitted }, words, h("button", { type: "submit" }, say("send")));
  }

  /**
   * @param {"accept" | "close" | "say"} action
   * @param {string} [text]
   */
  async asConsole(action, text) {
    const { phone } = this;
    if (!phone) return false;
    const answer = await this.act(phone, "console", text === undefined ? { action } : { action, text });
    this.consoleTrouble.textContent = answer ? "" : phone.trouble;
    if (!answer) phone.trouble = null;
    return answer !== null;
  }

  /** @param {Phone | null} phone */
  update(phone) {
    const seen = phone?.seen ?? null;
    if (phone !== this.phone) {
      this.consoleTrouble.textContent = "";
      this.callsShown = "";
      this.calls.replaceChildren();
    }
    this.phone = phone;
    this.empty.hidden = seen !== null;
    this.parts.hidden = seen === null;
    if (!phone || !seen) {
      this.head.replaceChildren();
      this.shown = "";
      return;
    }
    const shown = JSON.stringify([phone.id, phone.version, phone.shownName]);
    if (shown !== this.shown) this.draw(phone, seen);
    this.shown = shown;
    this.tick();
  }

  /**
   * @param {Phone} phone
   * @param {PhoneLook} seen
   */
  draw(phone, seen) {
    const copied = h("span", { class: "hint", role: "status" });
    const copy = async () => {
      try {
        await navigator.clipboard.writeText(phone.openid);
        copied.textContent = say("copied");
      } catch {
        copied.textContent = "";
      }
    };
    fill(
      this.head,
      h("strong", {}, phone.shownName),
      h("button", { type: "button", class: "code copy", title: say("copy_openid"), "aria-label": `${say("copy_openid")} ${phone.openid}`, onclick: copy }, phone.openid),
      copied,
    );
    this.drawConsole(seen);
    fill(this.pushes, ...[...seen.pushes].reverse().map(pushRow));
    if (!seen.pushes.length) fill(this.pushes, h("li", { class: "hint" }, say("no_pushes")));
    this.windowShown = "";
  }

  /** @param {PhoneLook} seen */
  drawConsole(seen) {
    const { held_until: until } = seen.console;
    const state = consoleNow(seen);
    this.consoleShown = state;
    const words = h("p", { class: `state state-${state}` }, say(`console_${state}`));
    if (until && state === "held") words.append(" · ", say("held_until", { time: hourMinute(Date.parse(until)) }));
    const button = (/** @type {"accept" | "close"} */ action, /** @type {string} */ name, /** @type {boolean} */ can) =>
      h("button", { type: "button", disabled: !can, onclick: () => void this.asConsole(action) }, name);
    fill(
      this.console,
      words,
      state === "none" ? h("p", { class: "hint" }, say("console_more")) : null,
      h("div", { class: "buttons" }, button("accept", say("accept"), state === "queued"), button("close", say("end"), state !== "none")),
    );
    this.consoleForm.hidden = state !== "held";
  }

  /** The window, whose time runs, and the console, which lets go by itself. */
  tick() {
    const seen = this.phone?.seen;
    if (!seen) return;
    if (consoleNow(seen) !== this.consoleShown) this.drawConsole(seen);
    const now = clockNow();
    const { remaining, deadline } = seen.window;
    const until = deadline === null ? null : Date.parse(deadline);
    const isOpen = until !== null && now <= until;
    if (until !== null) this.left.textContent = countdown(until - now);
    const shown = JSON.stringify([remaining, deadline, isOpen, seen.last_interaction_at]);
    if (shown === this.windowShown) return;
    this.windowShown = shown;
    fill(this.window, ...this.windowParts(seen, isOpen, until, now));
  }

  /**
   * @param {PhoneLook} seen
   * @param {boolean} isOpen
   * @param {number | null} until
   * @param {number} now
   */
  windowParts(seen, isOpen, until, now) {
    const { remaining } = seen.window;
    const dots = h("span", { class: "dots", "aria-hidden": "true" });
    for (let n = 0; n < GRANT; n += 1) dots.append(h("i", { class: isOpen && n < remaining ? "on" : "" }));
    const words = !until ? "window_none" : !isOpen ? "window_shut" : remaining === 0 ? "window_used" : "window_left";
    const last = seen.last_interaction_at;
    return [
      h("p", { class: `headline ${!until ? "muted" : isOpen && remaining ? "" : "is-shut"}` }, dots, say(words, { n: remaining })),
      h(
        "dl",
        {},
        isOpen && until ? fact(say("remaining_time"), this.left) : null,
        until ? fact(say("deadline"), chatTime(until, now)) : null,
        fact(say("last_interaction"), last ? chatTime(Date.parse(last), now) : say("never")),
      ),
    ];
  }

  /** Ask for the calls about this customer; a failure leaves those that stand there. */
  async refreshCalls() {
    const { phone } = this;
    if (!phone || phone.isGone || this.element.hidden) return;
    const query = new URLSearchParams({ last: String(CALLS), appid: phone.appid, openid: phone.openid });
    try {
      const { items } = await call("GET", `/calls?${query}`);
      const shown = `${phone.version.split(".")[0]} ${items.at(-1)?.n ?? 0} ${items.length}`;
      if (phone !== this.phone || shown === this.callsShown) return;
      this.callsShown = shown;
      fill(this.calls, callRows(items));
    } catch {
      // The banner says that the sandbox does not answer.
    }
  }
}

/**
 * @param {PhoneLook} seen
 * @returns {ConsoleState} a hold that nobody ended is over when its time is
 */
function consoleNow({ console: { state, held_until: until } }) {
  return until && clockNow() >= Date.parse(until) ? "none" : state;
}

/** @param {Push} push */
function pushRow(push) {
  const state = push.accepted === null ? "waiting" : push.accepted ? "accepted" : "failed";
  return h(
    "li",
    { class: `push is-${state}` },
    h("p", {}, h("code", {}, push.kind), " ", h("time", {}, hourMinuteSecond(Date.parse(push.at))), h("span", { class: "badge" }, say(`push_${state}`))),
    push.msg_id ? h("p", { class: "hint code" }, `MsgId ${push.msg_id}`) : null,
    h("ol", { class: "attempts" }, ...push.attempts.map(attemptRow)),
  );
}

/**
 * @param {Attempt} attempt
 * @param {number} index
 */
function attemptRow(attempt, index) {
  const answer = attempt.status === null ? "" : `HTTP ${attempt.status} ${attempt.body ? JSON.stringify(attempt.body.slice(0, 200)) : ""}`;
  return h(
    "li",
    { class: `attempt is-${attempt.verdict}` },
    h("span", {}, `${say("attempt", { n: index + 1 })} · ${say(`attempt_${attempt.verdict}`)} · ${Math.round(attempt.ms)} ms`),
    answer ? h("code", {}, answer) : null,
    attempt.error ? h("span", { class: "why" }, attempt.error) : null,
  );
}
