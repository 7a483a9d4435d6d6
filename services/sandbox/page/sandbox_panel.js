// @ts-check
// Inside WeChat, about the whole: clock, faults, tokens and quotas, all calls, reset.

import { call, inWords, pathOf } from "./api.js";
import { callRows } from "./calls.js";
import { fact, part } from "./drawer.js";
import { fill, h } from "./element.js";
import { FaultForm } from "./faults.js";
import { clockNow, countdown, hourMinuteSecond, offsetWords } from "./times.js";
import { isChinese, say } from "./words.js";

/**
 * @typedef {import("./types.js").State} State
 * @typedef {import("./types.js").AppState} AppState
 */

const HOUR = 3600;
const CALLS = 30;

export class SandboxPanel {
  /** @param {() => Promise<void>} refresh */
  constructor(refresh) {
    this.refresh = refresh;
    /** @type {State | null} */
    this.state = null;
    /** @type {AppState | null} */
    this.app = null;
    this.now = h("time", { class: "clock" });
    this.offset = h("p", { class: "hint" });
    this.tokens = h("div", {});
    this.settings = h("dl", {});
    this.pushCounts = h("p", { class: "hint" });
    this.calls = h("div", {});
    this.callsShown = "";
    this.faults = new FaultForm(refresh);
    this.invalidating = doing(say("invalidate"), () => this.invalidate());
    this.element = h(
      "div",
      { class: "panel" },
      part(say("clock"), this.now, this.offset, this.clockButtons()),
      part(say("faults"), this.faults.element),
      part(say("tokens"), this.tokens, this.invalidating),
      part(say("settings"), this.settings, this.pushCounts),
      part(say("calls"), this.calls),
      part(say("reset"), h("p", { class: "hint" }, say("reset_more")), this.resetButton()),
    );
  }

  clockButtons() {
    const advance = async (/** @type {number} */ hours) => {
      await call("POST", "/clock", { advance_seconds: hours * HOUR });
      await this.refresh();
    };
    const back = async () => {
      await call("POST", "/clock", { at: new Date().toISOString() });
      await this.refresh();
    };
    return h(
      "div",
      { class: "buttons" },
      ...[1, 47, 48].map((hours) => doing(`+${say("hours", { n: hours })}`, () => advance(hours), `${say("advance")} ${say("hours", { n: hours })}`)),
      doing(say("to_now"), back),
    );
  }

  async invalidate() {
    if (!this.app) return undefined;
    const { invalidated } = await call("POST", `${pathOf(this.app.appid)}/tokens/invalidate`);
    await this.refresh();
    return say("invalidated", { n: invalidated });
  }

  /** Asks once more before it forgets everything; leaving the button takes the question back. */
  resetButton() {
    let isSure = false;
    const holder = doing(say("reset_now"), async () => {
      if (!isSure) {
        ask(true);
        return;
      }
      ask(false);
      await call("POST", "/reset");
      await this.refresh();
    });
    const button = /** @type {HTMLButtonElement} */ (holder.querySelector("button"));
    button.classList.add("danger");
    const ask = (/** @type {boolean} */ sure) => {
      isSure = sure;
      button.textContent = say(sure ? "reset_sure" : "reset_now");
      button.classList.toggle("is-sure", sure);
    };
    button.addEventListener("blur", () => ask(false));
    return holder;
  }

  /**
   * @param {State} state
   * @param {AppState | null} app the one whose phone is in hand, or whose customers are listed
   */
  update(state, app) {
    this.state = state;
    this.app = app;
    const isMoved = Math.abs(state.offset_seconds) >= 1;
    this.offset.textContent = `${isMoved ? say("clock_moved", { offset: offsetWords(state.offset_seconds) }) : say("clock_real")} · ${say("clock_more")}`;
    this.offset.classList.toggle("is-moved", isMoved);
    this.faults.update(state.faults);
    this.pushCounts.textContent = say("push_counts", { ...state.pushes });
    fill(this.settings, ...(app ? settingFacts(app) : []));
    this.invalidating.hidden = !app;
    this.tick();
  }

  tick() {
    const now = new Date(clockNow());
    const day = now.toLocaleDateString(isChinese() ? "zh-CN" : "en", { month: "long", day: "numeric", weekday: "short" });
    this.now.textContent = `${day} ${hourMinuteSecond(now.getTime())}`;
    if (this.app) fill(this.tokens, ...tokenParts(this.app));
    else this.tokens.replaceChildren();
  }

  async refreshCalls() {
    if (this.element.hidden) return;
    try {
      const { items } = await call("GET", `/calls?last=${CALLS}`);
      const shown = `${this.state?.life} ${items.at(-1)?.n ?? 0}`;
      if (shown === this.callsShown) return;
      this.callsShown = shown;
      fill(this.calls, callRows(items));
    } catch {
      // The banner says that the sandbox does not answer.
    }
  }
}

/** @param {AppState} app */
function tokenParts(app) {
  const living = app.tokens.filter((token) => token.alive);
  const dead = app.tokens.length - living.length;
  const facts = living.map((token) => {
    const ends = Math.min(Date.parse(token.expires_at), token.dies_at ? Date.parse(token.dies_at) : Infinity);
    const words = say("token_valid", { kind: say(`token_${token.kind}`), time: countdown(ends - clockNow()) });
    return fact(`${token.value.slice(0, 8)}…`, words);
  });
  const counts = app.calls_today.map(({ path, used, limit }) =>
    fact(path.replace(/^\/cgi-bin\//, ""), `${say("calls_left", { n: Math.max(0, limit - used).toLocaleString("en") })}`, h("small", {}, ` ${used} / ${limit.toLocaleString("en")}`)),
  );
  return [
    living.length ? h("dl", { class: "codes" }, ...facts) : h("p", { class: "hint" }, say("no_token")),
    dead ? h("p", { class: "hint" }, say("dead_tokens", { n: dead })) : null,
    h("h4", {}, say("today")),
    h("dl", { class: "codes" }, ...counts),
  ];
}

/** @param {AppState} app */
function settingFacts(app) {
  return [
    fact(say("app"), app.name || "—"),
    fact(say("appid"), h("code", {}, app.appid)),
    fact(say("mode"), `${say(`mode_${app.mode}`)} · ${app.format.toUpperCase()}`),
    fact(say("callback_url"), h("code", {}, app.callback_url)),
  ];
}

/**
 * A button that does something with the sandbox, and beside it why it did not work, or what it did.
 * @param {string} words
 * @param {() => Promise<string | void>} act
 * @param {string} [name]
 */
export function doing(words, act, name) {
  const outcome = h("span", { class: "outcome", role: "status" });
  const button = h("button", { type: "button", "aria-label": name }, words);
  button.addEventListener("click", async () => {
    try {
      outcome.textContent = (await act()) ?? "";
      outcome.classList.remove("is-bad");
    } catch (failure) {
      outcome.textContent = inWords(failure);
      outcome.classList.add("is-bad");
    }
  });
  return h("span", { class: "doing" }, button, outcome);
}
