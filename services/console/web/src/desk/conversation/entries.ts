/** A history as the list shows it: messages in groups, with the breaks between them. Pure. */
import type { Message, Party } from '@/api/shapes'
import type { Outgoing } from '@/stores/outbox'

/** What stands before a message: a new day, the time after a silence, who of us writes from here on, where it is not this agent. */
export interface Break {
  readonly kind: 'break'
  readonly key: string
  readonly at: string
  readonly day: boolean
  readonly time: boolean
  readonly author: Party | null
}
export interface Said {
  readonly kind: 'said'
  readonly key: string
  readonly at: string
  readonly message: Message
  /** The last of its group: space follows. */
  readonly last: boolean
}
/** A line or a paper of its own between the bubbles: an event, a note. */
export interface Told {
  readonly kind: 'event' | 'note'
  readonly key: string
  readonly at: string
  readonly message: Message
}
export interface Leaving {
  readonly kind: 'leaving'
  readonly key: string
  readonly at: string
  readonly one: Outgoing
  readonly last: boolean
}
export type Entry = Break | Said | Told | Leaving

/** After so long a silence the time is said, and a group ends. */
const SILENCE_MS = 5 * 60_000

type Side = 'in' | 'out' | 'middle'

/**
 * `whole`: nothing comes before the first message. Where that is not so nothing breaks before it either, so that a page
 * of older messages goes in above it without changing it, and what is read stays where it is. For the same reason a break
 * depends on the message before it alone.
 */
export function entriesOf(messages: readonly Message[], leaving: readonly Outgoing[], whole: boolean, me: Party): Entry[] {
  const walk = new Walk(whole, authorOf(me))
  for (const message of messages) {
    const key = `m${message.seq}`
    const shared = { key, at: message.at, message }
    const side = sideOf(message)
    walk.step(side, message.at, message.from, key)
    if (side === 'middle') walk.entries.push({ kind: message.type === 'note' ? 'note' : 'event', ...shared })
    else walk.entries.push({ kind: 'said', ...shared, last: false })
  }
  for (const one of leaving) {
    const at = walk.notBefore(one.at)
    walk.step('out', at, me, one.key)
    walk.entries.push({ kind: 'leaving', key: one.key, at, one, last: false })
  }
  walk.endGroup()
  return walk.entries
}

class Walk {
  readonly entries: Entry[] = []
  private before: { side: Side; at: string; author: string } | null = null

  constructor(
    private readonly whole: boolean,
    private readonly me: string,
  ) {}

  /** Go on to the next message: a break where one is due, and the end of the group before it. */
  step(side: Side, at: string, from: Party, key: string): void {
    const author = side === 'middle' ? '' : authorOf(from)
    const { day, time } = this.silence(at)
    const sameWriter = this.before ? this.before.side === side && this.before.author === author : !this.whole
    const named = side === 'out' && author !== this.me && (!sameWriter || time)
    if (!sameWriter || time) this.endGroup()
    if (time || named) this.entries.push({ kind: 'break', key: `b${key}`, at, day, time, author: named ? from : null })
    this.before = { side, at, author }
  }

  private silence(at: string): { day: boolean; time: boolean } {
    if (!this.before) return { day: this.whole, time: this.whole }
    const day = dayOf(this.before.at) !== dayOf(at)
    return { day, time: day || Date.parse(at) - Date.parse(this.before.at) >= SILENCE_MS }
  }

  /** This browser's clock may be behind the server's: what leaves now comes after what is there. */
  notBefore(at: string): string {
    return this.before && this.before.at > at ? this.before.at : at
  }

  endGroup(): void {
    const last = this.entries.at(-1)
    if (last?.kind === 'said' || last?.kind === 'leaving') this.entries[this.entries.length - 1] = { ...last, last: true }
  }
}

export function sideOf(message: Message): Side {
  if (message.type === 'event' || message.type === 'note') return 'middle'
  return message.direction === 'outbound' ? 'out' : message.direction === 'inbound' ? 'in' : 'middle'
}

/** The place of a message in the list; -1: it is not there. */
export function placeOf(entries: readonly Entry[], seq: number): number {
  return entries.findIndex((entry) => entry.kind !== 'break' && entry.kind !== 'leaving' && entry.message.seq === seq)
}

/** How many of them someone else wrote after a place: what the agent has not seen yet. */
export function newAfter(messages: readonly Message[], seq: number, me: string): number {
  let count = 0
  for (let place = messages.length - 1; place >= 0; place--) {
    const message = messages[place]
    if (!message || message.seq <= seq) break
    if (message.type !== 'event' && message.from.id !== me) count += 1
  }
  return count
}

function authorOf(party: Party): string {
  // A vendor's people are all of one account.
  if (party.kind === 'vendor') return `vendor:${party.id ?? ''}:${party.name ?? ''}`
  return `${party.kind}:${party.id ?? party.name ?? ''}`
}

/** A number for the local calendar day; cheap, since long histories ask it of every message. */
export function dayOf(at: string): number {
  const then = new Date(at)
  return (then.getFullYear() * 12 + then.getMonth()) * 31 + then.getDate()
}
