import { describe, expect, it } from 'vitest'

import { belongs, isBehind, order } from '@/desk/views'
import { conversation, quota, session } from './builders'

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
  const at = (id: string, deadline: string | null, since = '2026-11-22T09:00:00Z') =>
    conversation({ id, quota: deadline ? quota({ deadline }) : null, session: session({ waiting_since: since }) })

  it('is by deadline, then by how long; a closed window is last', () => {
    const rows = [
      at('closed', null),
      at('late', '2026-11-24T10:00:00Z'),
      at('soon', '2026-11-22T11:00:00Z'),
      at('late but longer', '2026-11-24T10:00:00Z', '2026-11-22T08:00:00Z'),
    ]
    expect(rows.sort(order('waiting')).map((row) => row.id)).toEqual(['soon', 'late but longer', 'late', 'closed'])
  })

  it('is by the last change elsewhere, newest first', () => {
    const rows = [conversation({ id: 'old', updated_at: '2026-11-20T10:00:00Z' }), conversation({ id: 'new' })]
    expect(rows.sort(order('all')).map((row) => row.id)).toEqual(['new', 'old'])
  })
})

it('hides what lies behind the end of the pages that were loaded', () => {
  const old = conversation({ updated_at: '2026-11-20T10:00:00Z' })
  expect(isBehind(old, '2026-11-21T00:00:00Z')).toBe(true)
  expect(isBehind(old, null)).toBe(false)
})
