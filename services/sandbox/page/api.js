// @ts-check
// Calls of the sandbox's control API, and failures as people read them.

import { isChinese, say } from "./words.js";

const ANSWER_MS = 10_000;

/** The sandbox said no. */
export class Refused extends Error {
  /**
   * @param {number} status
   * @param {string} reason
   * @param {any} body
   */
  constructor(status, reason, body) {
    super(reason);
    this.status = status;
    this.body = body;
  }
}

/** The sandbox did not answer, or nothing that could be read. */
export class NoAnswer extends Error {}

/**
 * @param {string} method
 * @param {string} path below /sandbox/api
 * @param {unknown} [body] JSON, or a form
 * @param {{signal?: AbortSignal, withinMs?: number}} [options]
 * @returns {Promise<any>} throws Refused or NoAnswer; what `signal` ends throws NoAnswer too
 */
export async function call(method, path, body, options = {}) {
  const timeout = AbortSignal.timeout(options.withinMs ?? ANSWER_MS);
  const signal = options.signal ? AbortSignal.any([options.signal, timeout]) : timeout;
  const isForm = body instanceof FormData;
  /** @type {Response} */
  let response;
  let answer;
  try {
    response = await fetch(`/sandbox/api${path}`, {
      method,
      signal,
      cache: "no-store",
      headers: body === undefined || isForm ? {} : { "Content-Type": "application/json" },
      body: body === undefined ? undefined : isForm ? body : JSON.stringify(body),
    });
    answer = await response.json();
  } catch (failure) {
    throw new NoAnswer(String(failure));
  }
  if (!response.ok) throw new Refused(response.status, answer?.error ?? `HTTP ${response.status}`, answer);
  return answer;
}

/**
 * @param {string} appid
 * @param {string} [openid]
 */
export function pathOf(appid, openid) {
  const app = `/apps/${encodeURIComponent(appid)}`;
  return openid === undefined ? app : `${app}/customers/${encodeURIComponent(openid)}`;
}

/**
 * Why it did not work and what to do, in the reader's language; the sandbox's own words follow in Chinese pages.
 * @param {unknown} failure
 */
export function inWords(failure) {
  if (failure instanceof NoAnswer) return say("no_answer_try_again");
  if (!(failure instanceof Refused)) return String(failure);
  const key = `refused_${failure.status}`;
  const words = say(key);
  if (words === key) return say("refused", { reason: failure.message });
  return isChinese() ? `${words}（${failure.message}）` : `${words} ${failure.message}`;
}

/**
 * A picture's address on this page's own origin, whatever name the sandbox calls itself by; null for any other place.
 * @param {string | null} url
 */
export function ownPicture(url) {
  if (!url) return null;
  try {
    const path = new URL(url, location.href).pathname;
    return path.startsWith("/mmbiz/") ? path : null;
  } catch {
    return null;
  }
}
