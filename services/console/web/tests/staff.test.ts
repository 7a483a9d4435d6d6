import { describe, expect, it } from 'vitest'

import { explained } from '@/admin/agents/refusals'
import { countOf, groupRows, isOnlyAdmin, shown } from '@/admin/agents/staff'
import { app, colleague } from './builders'

const STAFF = [
  colleague('lina', { name: '李娜', groups: ['售前'] }),
  colleague('wang', { presence: 'away', groups: ['售后'] }),
  colleague('zhou', { role: 'supervisor', presence: 'offline', groups: ['售前'] }),
  colleague('admin', { role: 'admin' }),
  colleague('gone', { role: 'admin', enabled: false, groups: ['售前'] }),
]
const ids = (kind: Parameters<typeof shown>[1], words = '') => shown(STAFF, kind, words).map((one) => one.id)

describe('who is shown', () => {
  it('is by what they are', () => {
    expect([ids('everyone').length, ids('online'), ids('supervisors'), ids('disabled')]).toEqual([4, ['lina', 'admin'], ['zhou', 'admin'], ['gone']])
    expect(countOf(STAFF, 'online')).toBe(2)
  })

  it('is found by name, login and group', () => {
    expect([ids('everyone', '李'), ids('everyone', ' WANG '), ids('everyone', '售前')]).toEqual([['lina'], ['wang'], ['lina', 'zhou']])
  })
})

it('knows the only admin who may log in', () => {
  expect([isOnlyAdmin(STAFF, 'admin'), isOnlyAdmin(STAFF, 'gone'), isOnlyAdmin([...STAFF, colleague('two', { role: 'admin' })], 'admin')]).toEqual([true, false, false])
})

it('says of a group who serves which apps, and what it lacks', () => {
  const groups = [
    { name: '售前', agents: ['lina', 'zhou', 'gone'], apps: ['wx1'] },
    { name: '夜班', agents: ['gone'], apps: ['wx1'] },
    { name: '售后', agents: ['wang'], apps: [] },
  ]
  const rows = groupRows(groups, STAFF, [app()])
  expect(rows.map((row) => [row.name, row.agents.map((one) => one.id), row.lacks])).toEqual([
    ['售前', ['zhou', 'lina'], null],
    ['夜班', [], 'agents'],
    ['售后', ['wang'], 'apps'],
  ])
})

describe('a refused change', () => {
  const t = (key: string) => key
  const conflict = { code: 'conflict', detail: '', status: 409 } as const

  it.each([
    [{ enabled: false }, { what: 'agents.last_admin' }],
    [{ role: 'agent', presence: 'online' }, { what: 'agents.last_admin', where: 'role' }],
    [{ presence: 'online' }, { what: 'agents.stays_offline', where: 'presence' }],
    [{ name: 'x' }, null],
  ])('of %j', (asked, told) => {
    expect(explained(conflict, asked, t)).toEqual(told)
  })

  it('of another kind is not explained', () => {
    expect(explained({ ...conflict, code: 'forbidden' }, { enabled: false }, t)).toBe(null)
  })
})
