/** What the audit keeps of a field's value, as text; and which words its actions and fields have. Pure. */

export type Shown =
  /** Nothing was, or is, there. */
  | { kind: 'nothing' }
  /** Of apps, nothing means that none is left out. */
  | { kind: 'every_app' }
  | { kind: 'yes' | 'no' }
  /** A secret is there; no more is told of it. */
  | { kind: 'secret' }
  | { kind: 'instant'; at: string }
  | { kind: 'text'; text: string; long: boolean }

const SECRETS = new Set(['secret', 'token', 'aes_key', 'previous_token', 'previous_aes_key', 'url'])
const APPS = new Set(['apps', 'app_ids'])
const MASKS = new Set(['set', 'changed'])
const INSTANT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)$/
const LONG = 60

export function shown(field: string, value: unknown): Shown {
  if (value === null || value === undefined || value === '' || (Array.isArray(value) && value.length === 0)) return { kind: APPS.has(field) ? 'every_app' : 'nothing' }
  if (typeof value === 'boolean') return { kind: value ? 'yes' : 'no' }
  if (SECRETS.has(field) && typeof value === 'string' && MASKS.has(value)) return { kind: 'secret' }
  if (typeof value === 'string' && INSTANT.test(value)) return { kind: 'instant', at: value }
  const text = textOf(value)
  return { kind: 'text', text, long: text.length > LONG || text.includes('\n') }
}

function textOf(value: unknown): string {
  if (typeof value === 'string' || typeof value === 'number') return String(value)
  if (Array.isArray(value) && value.every((one) => typeof one === 'string' || typeof one === 'number')) return value.join(', ')
  return JSON.stringify(value, null, 2)
}

/** The nouns of the audit's actions, as the console filters by them. */
export const NOUNS = ['app', 'vendor_account', 'agent', 'canned_reply', 'tag', 'notifier', 'webhook', 'token', 'customer', 'conversation', 'conversations'] as const
