// @ts-check
// The line to the sandbox: one long poll for all phones, and a look at the whole every few seconds.

import { NoAnswer, call, inWords } from "./api.js";
import { followClock } from "./times.js";

/**
 * @typedef {import("./phones.js").Phone} Phone
 * @typedef {import("./types.js").PhonesAnswer} PhonesAnswer
 * @typedef {import("./types.js").State} State
 * @typedef {{
 *   phones: () => Phone[],
 *   looked: (answer: PhonesAnswer) => void,
 *   state: (state: State) => void,
 *   isUp: (isUp: boolean, trouble: string | null) => void,
 * }} Ear
 */

const WAIT_SECONDS = 25;
const FIRST_PAUSE_MS = 300;
const LONGEST_PAUSE_MS = 4_000;
const STATE_EVERY_MS = 2_500;
const CUSTOMERS = 100;

export class Line {
  /** @param {Ear} ear */
  constructor(ear) {
    this.ear = ear;
    this.isUp = true;
    this.polling = new AbortController();
    /** @type {(() => void) | null} */
    this.wake = null;
    this.stateAsked = 0;
  }

  start() {
    document.addEventListener("visibilitychange", () => {
      if (!document.hidden) void this.refresh();
      this.again();
    });
    void this.pollForever();
    void this.lookForever();
  }

  /** The phones have changed: ask for these from now on. */
  again() {
    this.polling.abort();
    this.wake?.();
  }

  async pollForever() {
    let pause = FIRST_PAUSE_MS;
    for (;;) {
      this.polling = new AbortController();
      const phones = this.ear.phones().filter((phone) => !phone.isGone);
      if (document.hidden || !phones.length) {
        await this.rest(60_000);
        continue;
      }
      try {
        const looks = phones.map((phone) => `look=${encodeURIComponent(phone.look)}`).join("&");
        /** @type {PhonesAnswer} */
        const answer = await call("GET", `/phones?wait_seconds=${WAIT_SECONDS}&${looks}`, undefined, {
          signal: this.polling.signal,
          withinMs: (WAIT_SECONDS + 10) * 1000,
        });
        pause = FIRST_PAUSE_MS;
        followClock(answer.now);
        this.tell(true, null);
        this.ear.looked(answer);
      } catch (failure) {
        if (this.polling.signal.aborted) continue;
        this.tell(false, failure instanceof NoAnswer ? null : inWords(failure));
        await this.rest(pause);
        pause = Math.min(pause * 2, LONGEST_PAUSE_MS);
      }
    }
  }

  async lookForever() {
    for (;;) {
      if (!document.hidden) await this.refresh();
      await new Promise((resolve) => setTimeout(resolve, STATE_EVERY_MS));
    }
  }

  /** Look at the whole now; an answer that a later one has overtaken is dropped. */
  async refresh() {
    const asked = ++this.stateAsked;
    try {
      /** @type {State} */
      const state = await call("GET", `/state?customers=${CUSTOMERS}`, undefined, { withinMs: 5_000 });
      if (asked !== this.stateAsked) return;
      const wasUp = this.isUp;
      followClock(state.now);
      this.tell(true, null);
      if (!wasUp) this.wake?.();
      this.ear.state(state);
    } catch (failure) {
      if (asked === this.stateAsked) this.tell(false, failure instanceof NoAnswer ? null : inWords(failure));
    }
  }

  /**
   * @param {boolean} isUp
   * @param {string | null} trouble
   */
  tell(isUp, trouble) {
    this.isUp = isUp;
    this.ear.isUp(isUp, trouble);
  }

  /**
   * Until woken, or so long.
   * @param {number} milliseconds
   */
  async rest(milliseconds) {
    await new Promise((resolve) => {
      const timer = setTimeout(resolve, milliseconds);
      this.wake = () => {
        clearTimeout(timer);
        resolve(undefined);
      };
    });
    this.wake = null;
  }
}
