import { describe, expect, it } from 'vitest'

import { belongs, isBehind, order, viewsOf } from '@/desk/views'
import { conversation, offer, quota, served, session } from './builders'

describe('which list a conversation is in', () => {
  it('waits in the one, is mine in the other, and in all of them together', () => {
    const waiting = conversation({ session: session({ state: 'waiting' }) })
    const mine = conversation({ session: session({ state: 'agent', responder: { kind: 'agent', id: 'lina', name: '李娜' } }) })
    expect(['waiting', 'mine', 'all', 'closed'].filter((view) => belongs(waiting, view as never, 'lina'))).toEqual(['waiting', 'all'])
    expect(['waiting', 'mine', 'all', 'closed'].filter((view) => belongs(mine, view as never, 'lina'))).toEqual(['mine', 'all'])
    expect(belongs(mine, 'mine', 'wang')).toBe(false)
  })

  it('is in no list before anything happened in it', () => {
    expect(belongs(conversation({ updated_at: null }), 'all', 'lina')).toBe(false)
  })
})

describe('the order of those who wait', () => {
  const at = (id: string, deadline: string | null, since: string, closing = false) =>
    conversation({
      id,
      quota: deadline ? quota({ deadline }) : null,
      session: session({ waiting_since: since, attention: closing ? { why: 'window_closing', since } : null }),
    })

  it('is by the window that closes soon, then by how long; a closed window is last', () => {
    const rows = [
      at('closed', null, '2026-11-20T09:00:00Z'),
      at('short', '2026-11-24T08:00:00Z', '2026-11-22T09:00:00Z'),
      at('closing', '2026-11-22T11:00:00Z', '2026-11-22T08:30:00Z', true),
      at('longer', '2026-11-24T10:00:00Z', '2026-11-22T08:00:00Z'),
    ]
    expect(rows.sort(order('waiting', 'lina')).map((row) => row.id)).toEqual(['closing', 'longer', 'short', 'closed'])
  })

  it('begins with what is offered to the agent, then with who was put in front; who goes to the official console is last', () => {
    const waits = (id: string, more: object) => conversation({ id, quota: quota(), session: session({ waiting_since: '2026-11-22T09:00:00Z', ...more }) })
    const rows = [
      waits('official', { to_official: true }),
      waits('plain', {}),
      waits('for another', { offer: offer('wang', '2026-11-22T10:00:00Z') }),
      waits('first', { first: true }),
      waits('for me', { offer: offer('lina', '2026-11-22T10:00:00Z') }),
    ]
    expect(rows.sort(order('waiting', 'lina')).map((row) => row.id)).toEqual(['for me', 'first', 'for another', 'plain', 'official'])
  })

  it('is by what the app promised where that is nearer than the window', () => {
    const promised = (id: string, answer_by: string | null, deadline: string | null, closing = false) =>
      conversation({ id, quota: deadline ? quota({ deadline }) : null, session: session({ ...at(id, deadline, '2026-11-22T09:00:00Z', closing).session, answer_by }) })
    const rows = [
      promised('nothing promised', null, '2026-11-22T12:00:00Z'),
      promised('too late anyway', '2026-11-22T09:10:00Z', null),
      promised('promised', '2026-11-22T11:00:00Z', '2026-11-24T09:00:00Z'),
      promised('window before', '2026-11-22T11:30:00Z', '2026-11-22T10:30:00Z', true),
    ]
    expect(rows.sort(order('waiting', 'lina')).map((row) => row.id)).toEqual(['window before', 'promised', 'nothing promised', 'too late anyway'])
  })

  it('is by how long attention has been needed in the list of that', () => {
    const needs = (id: string, since: string) => conversation({ id, session: served('lina', '李娜', { attention: { why: 'agent_silent', since } }) })
    const rows = [needs('new', '2026-11-22T09:30:00Z'), needs('old', '2026-11-22T09:00:00Z')]
    expect(rows.sort(order('attention', 'zhou')).map((row) => row.id)).toEqual(['old', 'new'])
    expect([...rows, conversation({ session: served('lina') })].filter((row) => belongs(row, 'attention', 'zhou'))).toHaveLength(2)
  })

  it('is by the last change elsewhere, newest first', () => {
    const rows = [conversation({ id: 'old', updated_at: '2026-11-20T10:00:00Z' }), conversation({ id: 'new' })]
    expect(rows.sort(order('all', 'lina')).map((row) => row.id)).toEqual(['new', 'old'])
  })
})

it('hides what lies behind the end of the pages that were loaded', () => {
  const old = conversation({ updated_at: '2026-11-20T10:00:00Z' })
  expect(isBehind(old, '2026-11-21T00:00:00Z')).toBe(true)
  expect(isBehind(old, null)).toBe(false)
})

it('has a list of what needs attention for supervisors alone', () => {
  expect(viewsOf(true)).toContain('attention')
  expect(viewsOf(false)).toEqual(['waiting', 'mine', 'all', 'closed'])
})
