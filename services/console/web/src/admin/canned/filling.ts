/** The text of a canned reply as it is written: what can be filled in, and how it will read. Pure. */
import type { CannedReply } from '@/api/shapes'
import { fillIn, leftover } from '@/desk/composer/variables'
import type { Filled, Values } from '@/desk/composer/variables'

export const VARIABLES = ['customer', 'agent', 'app', 'source', 'time'] as const

const PROFILE = 'profile.'

/** As a customer would read it. Whatever field of the profile is named stands for itself. */
export function example(text: string, values: Omit<Values, 'profile'>): Filled[] {
  const names = leftover(text).map((one) => one.slice(1, -1)).filter((name) => name.startsWith(PROFILE))
  const profile = names.map((name) => name.slice(PROFILE.length)).map((name) => ({ name, value: `「${name}」` }))
  return fillIn(text, { ...values, profile })
}

/** What the console will not take for a variable: it begins like one, and is none. */
export function unknownVariables(text: string): string[] {
  const known = new Set(leftover(text))
  const hits = [...text.matchAll(/\{[A-Za-z_]+(?:\.[^{}]*)?\}/g)].map((hit) => hit[0])
  return [...new Set(hits.filter((hit) => !known.has(hit)))]
}

export interface Inserted {
  readonly text: string
  /** What is to be marked afterwards. */
  readonly from: number
  readonly to: number
}

/** `words` in place of what is marked; with `marked` that part of them is marked then, to be typed over. */
export function insert(text: string, from: number, to: number, words: string, marked = ''): Inserted {
  const at = marked ? from + words.indexOf(marked) : from + words.length
  return { text: text.slice(0, from) + words + text.slice(to), from: at, to: at + marked.length }
}

export type Scope = 'every' | CannedReply['scope']

export function found(replies: readonly CannedReply[], query: string, scope: Scope, app: string): CannedReply[] {
  const wanted = query.trim().replace(/^\//, '').toLocaleLowerCase()
  return replies
    .filter((reply) => (scope === 'every' || reply.scope === scope) && (app === '' || reply.app_id === null || reply.app_id === app))
    .filter((reply) => `${reply.shortcut}\n${reply.title}\n${reply.text}`.toLocaleLowerCase().includes(wanted))
    .sort((one, other) => one.shortcut.localeCompare(other.shortcut))
}
