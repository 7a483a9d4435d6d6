// @ts-check
// What the control API answers about one account, as this page reads it.

/**
 * @typedef {"human" | "robot" | "line" | "word" | "none"} Standing
 * @typedef {{
 *   id: number, uid: string, kind: "human" | "robot", staff_id: number, staff_name: string, open: boolean,
 *   began_at: string, ended_at: string | null, close_reason: number | null, transfer_from: number | null,
 *   transfer_to: number | null, invited_at: string | null, evaluation: number | null,
 * }} Session
 * @typedef {{
 *   n: number, at: string, from: "customer" | "staff" | "robot", type: string, text: string | null,
 *   url: string | null, session_id: number | null, staff_id: number | null,
 * }} Message
 * @typedef {{
 *   uid: string, standing: Standing, session: Session | null, last_session: Session | null,
 *   profile: {key: string, label?: string | null, value?: unknown}[], application: Record<string, unknown>,
 *   said: number, messages: Message[],
 * }} Customer
 * @typedef {{id: number, name: string, online: boolean, load: number}} Staff
 * @typedef {{uid: string, ahead: number, since: string, staff_id: number | null, group_id: number | null}} InLine
 * @typedef {{uid: string, since: string, heard_at: string, messages: number, closed_at: string | null}} Word
 * @typedef {{at: string, status: number | null, body: string | null, ms: number, error: string | null}} Attempt
 * @typedef {{n: number, event: string, uid: string, at: string, accepted: boolean | null, attempts: Attempt[]}} Push
 * @typedef {{
 *   path: string, code: number | null, http: number | null, drop_answer: boolean, dead: boolean, latency_ms: number,
 *   times: number | null,
 * }} ApiFault
 * @typedef {Record<string, number | boolean>} PushFaults
 * @typedef {{api: ApiFault[], push: PushFaults}} Faults
 * @typedef {{
 *   now: string, app_key: string, account: {leave_message: boolean, robot: unknown}, staff: Staff[], queue: InLine[],
 *   words: Word[], customers: Record<string, Customer>, pushes: Push[], faults: Faults,
 * }} Account
 */

export {};
