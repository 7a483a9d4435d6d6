// @ts-check
// What the control API answers about one product, as this page reads it.

/**
 * @typedef {"waiting" | "serving" | "idle"} State
 * @typedef {{
 *   n: number, at: string, sender: "customer" | "staff" | "machine" | "notice", name: string | null, type: string,
 *   text: string | null, url: string | null, errcode: number | null, error: string | null,
 * }} Item
 * @typedef {{
 *   openid: string, state: State, session_from: string, chat_session: number | null, staff_id: number | null,
 *   staff: string | null, said: number, last_at: string | null, items: Item[],
 * }} Customer
 * @typedef {{id: number, name: string, online: boolean, load: number}} Staff
 * @typedef {{status: number | null, error: string | null}} Attempt
 * @typedef {{n: number, event: string, at: string, accepted: boolean | null, attempts: Attempt[]}} Event
 * @typedef {{at: string, error: string | null}} Fetch
 * @typedef {{
 *   http: number | null, dead: boolean, drop_answer: boolean, body: string | null, latency_ms: number, times: number | null,
 * }} PushFault
 * @typedef {{http: number, times: number | null}} TokenFault
 * @typedef {{push: PushFault[], token: TokenFault[], events: Record<string, number | boolean>}} Faults
 * @typedef {{
 *   access_key: string, name: string, reply_mode: "direct" | "proxy", staff: Staff[], events: Event[],
 *   customers: Record<string, Customer>, token_fetches: Fetch[], faults: Faults,
 * }} Product
 */

export {};
