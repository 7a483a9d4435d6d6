// @ts-check
// What the sandbox's control API answers, as this page reads it.

/**
 * @typedef {{title: string, path: string, app_id: string, media_url: string | null}} Card
 * @typedef {{title: string, description: string, url: string, thumb_url: string}} Link
 * @typedef {{
 *   n: number, at: string, from: "customer" | "service" | "notice", type: string, text: string | null,
 *   media_url: string | null, card: Card | null, link: Link | null, ai_label: boolean, msg_id: string | null,
 * }} Item
 * @typedef {{remaining: number, deadline: string | null}} Window
 * @typedef {"none" | "queued" | "held"} ConsoleState
 * @typedef {{
 *   at: string, status: number | null, body: string | null, ms: number, error: string | null,
 *   verdict: "accepted" | "transferred" | "malformed" | "unanswered",
 * }} Attempt
 * @typedef {{kind: string, msg_id: string | null, at: string, accepted: boolean | null, attempts: Attempt[]}} Push
 * @typedef {{
 *   appid: string, openid: string, gone: false, version: string, begins: boolean, name: string | null,
 *   items: Item[], typing_until: string | null, window: Window, last_interaction_at: string | null,
 *   console: {state: ConsoleState, held_until: string | null}, pushes: Push[],
 * }} PhoneLook
 * @typedef {{appid: string, openid: string, gone: true}} GoneLook
 * @typedef {{now: string, life: string, items: (PhoneLook | GoneLook)[]}} PhonesAnswer
 * @typedef {{
 *   openid: string, name: string | null, window: Window, last_interaction_at: string | null, typing: boolean,
 *   console: ConsoleState,
 * }} CustomerState
 * @typedef {{
 *   value: string, kind: "plain" | "stable", issued_at: string, expires_at: string, dies_at: string | null,
 *   alive: boolean,
 * }} Token
 * @typedef {{path: string, used: number, limit: number}} CallCount
 * @typedef {{
 *   appid: string, name: string, gh_id: string, mode: string, format: string, callback_url: string, media: number,
 *   tokens: Token[], calls_today: CallCount[], customer_count: number, customers: CustomerState[],
 * }} AppState
 * @typedef {{
 *   path: string, errcode: number | null, http: number | null, drop_answer: boolean, garbage: boolean,
 *   dead: boolean, latency_ms: number, times: number | null,
 * }} ApiFault
 * @typedef {{
 *   duplicate: number, reorder: boolean, delay_ms: number, string_ids: boolean, unknown_types: boolean,
 * }} PushFaults
 * @typedef {{api: ApiFault[], push: PushFaults}} Faults
 * @typedef {{
 *   now: string, offset_seconds: number, life: string, apps: AppState[],
 *   pushes: {in_flight: number, accepted: number, failed: number}, faults: Faults,
 * }} State
 * @typedef {{
 *   n: number, at: string, path: string, appid: string | null, openid: string | null, body: unknown,
 *   status: number | null, errcode: number | null, delivered: boolean,
 * }} Call
 * @typedef {{path: string, query: Record<string, string>} | {url: string}} Opened
 */

export {};
