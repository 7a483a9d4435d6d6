import { describe, expect, it } from 'vitest'

import type { Message, Party } from '@/api/shapes'
import { entriesOf, newAfter, placeOf } from '@/desk/conversation/entries'
import type { Entry } from '@/desk/conversation/entries'
import type { Outgoing } from '@/stores/outbox'

const CUSTOMER: Party = { kind: 'customer', id: null, name: null }
const LI: Party = { kind: 'agent', id: 'lina', name: '李娜' }
const WANG: Party = { kind: 'agent', id: 'wang', name: '王强' }
const BOT: Party = { kind: 'bot', id: null, name: null }

function message(seq: number, at: string, from: Party, more: Partial<Message> = {}): Message {
  const direction = from.kind === 'customer' ? 'inbound' : 'outbound'
  return {
    id: `m${seq}`, seq, revision: 1, session_id: null, direction, from, type: 'text', text: `text ${seq}`,
    image: null, card: null, link: null, event: null, at, client_id: null, resend_of: null, delivery: null, ...more,
  }
}

const at = (clock: string, day = '20') => new Date(`2026-07-${day}T${clock}:00`).toISOString()
const shape = (entries: Entry[]) =>
  entries.map((entry) => {
    if (entry.kind !== 'break') return `${entry.kind}${'last' in entry && entry.last ? '.' : ''}`
    return `[${[entry.day && 'day', entry.time && 'time', entry.author?.name ?? entry.author?.kind].filter(Boolean).join(' ')}]`
  })

describe('entries', () => {
  it('puts what one side says in a row into one group', () => {
    const entries = entriesOf([message(1, at('10:00'), CUSTOMER), message(2, at('10:01'), CUSTOMER), message(3, at('10:02'), LI)], [], true, LI)
    expect(shape(entries)).toEqual(['[day time]', 'said', 'said.', 'said.'])
  })

  it('names who of us begins to write, unless it is this agent', () => {
    const messages = [message(1, at('10:00'), BOT), message(2, at('10:00'), BOT), message(3, at('10:01'), CUSTOMER), message(4, at('10:02'), LI), message(5, at('10:02'), WANG)]
    expect(shape(entriesOf(messages, [], true, LI))).toEqual(['[day time bot]', 'said', 'said.', 'said.', 'said.', '[王强]', 'said.'])
    expect(shape(entriesOf(messages, [], true, WANG)).slice(4)).toEqual(['[李娜]', 'said.', 'said.'])
  })

  it('says the time after a silence, and the day when it changes', () => {
    const messages = [message(1, at('23:50'), CUSTOMER), message(2, at('23:55'), CUSTOMER), message(3, at('00:01', '21'), CUSTOMER), message(4, at('00:05', '21'), CUSTOMER)]
    expect(shape(entriesOf(messages, [], true, LI))).toEqual(['[day time]', 'said.', '[time]', 'said.', '[day time]', 'said', 'said.'])
  })

  it('breaks nothing before the first message of an unfinished history, so that a page above changes nothing below', () => {
    const later = [message(3, at('10:10'), CUSTOMER), message(4, at('10:11'), CUSTOMER)]
    const before = entriesOf(later, [], false, LI)
    expect(shape(before)).toEqual(['said', 'said.'])
    const after = entriesOf([message(2, at('09:00'), CUSTOMER), ...later], [], false, LI)
    expect(after.slice(-2)).toEqual(before)
    const written = [message(3, at('10:10'), BOT), message(4, at('10:11'), LI), message(5, at('10:12'), BOT)]
    const alone = entriesOf(written, [], false, LI)
    for (const older of [BOT, LI, CUSTOMER]) expect(entriesOf([message(2, at('10:09'), older), ...written], [], false, LI).slice(-alone.length)).toEqual(alone)
  })

  it('keeps events and notes out of the groups', () => {
    const closed = message(2, at('10:01'), { kind: 'system', id: null, name: null }, { direction: 'system', type: 'event', event: { name: 'session_closed', detail: {} } })
    const note = message(3, at('10:02'), LI, { direction: 'system', type: 'note', text: '已退款' })
    const entries = entriesOf([message(1, at('10:00'), CUSTOMER), closed, note, message(4, at('10:03'), CUSTOMER)], [], true, LI)
    expect(shape(entries)).toEqual(['[day time]', 'said.', 'event', 'note', 'said.'])
  })

  it('shows what leaves at the end, whatever this clock says, and in the group of its writer', () => {
    const one: Outgoing = { key: 'k', conversation: 'c', reply: { type: 'text', text: '好' }, at: at('09:00'), hold: false, file: null, isUp: false, state: 'sending', problem: null, commandId: null }
    const entries = entriesOf([message(1, at('10:00'), LI)], [one], true, LI)
    expect(shape(entries)).toEqual(['[day time]', 'said', 'leaving.'])
    expect(entries.at(-1)?.at).toBe(at('10:00'))
  })

  it('gives every row a key of its own', () => {
    const messages = Array.from({ length: 50 }, (_, place) => message(place + 1, at('10:00', String(1 + (place % 20)).padStart(2, '0')), place % 3 ? LI : CUSTOMER))
    const keys = entriesOf(messages, [], true, LI).map((entry) => entry.key)
    expect(new Set(keys).size).toBe(keys.length)
  })

  it('finds a message by its place in the conversation', () => {
    const entries = entriesOf([message(7, at('10:00'), CUSTOMER), message(8, at('10:01'), CUSTOMER)], [], true, LI)
    expect(placeOf(entries, 8)).toBe(2)
    expect(placeOf(entries, 9)).toBe(-1)
  })

  it('counts what others wrote since, not events nor our own', () => {
    const closed = message(4, at('10:01'), { kind: 'system', id: null, name: null }, { direction: 'system', type: 'event' })
    const messages = [message(1, at('10:00'), CUSTOMER), message(2, at('10:01'), CUSTOMER), message(3, at('10:01'), LI), closed, message(5, at('10:02'), CUSTOMER)]
    expect(newAfter(messages, 1, 'lina')).toBe(2)
    expect(newAfter(messages, 5, 'lina')).toBe(0)
    expect(newAfter(messages, 0, 'wang')).toBe(4)
  })
})
