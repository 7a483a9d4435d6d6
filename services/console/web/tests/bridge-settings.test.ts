import { describe, expect, it } from 'vitest'

import { appBreakers, idFrom, isAccountId, isWhole, stateOf, wholeAddress } from '@/admin/bridges/accounts'
import { isShown, isUncertain, vendorFields } from '@/admin/bridges/kinds'
import { changesOf, draftOf, faultOf, fieldsOf } from '@/admin/bridges/schema'
import type { SettingField } from '@/admin/bridges/schema'
import { settingWords, testWords } from '@/admin/bridges/words'
import { entryChoices } from '@/admin/apps/entries'
import { entryDestination } from '@/admin/apps/routes'
import { added, switchedWords } from '@/admin/apps/switched'
import type { VendorAccount, VendorBreaker } from '@/api/shapes'
import { words as en } from '@/i18n/en'
import { words as zh } from '@/i18n/zh'
import { bridge, t } from './builders'

const SCHEMA = {
  $defs: { Limits: { type: 'object', title: 'Limits', properties: { failures: { type: 'integer', default: 5, minimum: 1, maximum: 1000, title: 'Failures' }, open_seconds: { type: 'integer', default: 30, minimum: 1, title: 'Open' } } } },
  type: 'object',
  required: ['app_key', 'app_secret'],
  properties: {
    app_key: { type: 'string', title: 'App Key', description: 'from their page', maxLength: 200 },
    app_secret: { type: 'string', format: 'password', writeOnly: true, title: 'App Secret' },
    base: { type: 'string', default: 'https://x.test', title: 'Base' },
    from_page: { type: 'string', default: '', title: 'From' },
    how: { enum: ['sha1', 'sha256'], type: 'string', default: 'sha1', title: 'How' },
    group_id: { anyOf: [{ type: 'integer', minimum: 1 }, { type: 'null' }], default: null, title: 'Group' },
    thanks: { anyOf: [{ type: 'string' }, { type: 'null' }], default: '谢谢', title: 'Thanks' },
    again: { type: 'boolean', default: false, title: 'Again' },
    rate: { type: 'number', default: 5, exclusiveMinimum: 0, maximum: 1000, title: 'Rate' },
    hosts: { type: 'array', items: { type: 'string' }, default: [], title: 'Hosts' },
    breaker: { $ref: '#/$defs/Limits', default: { failures: 7, open_seconds: 30 } },
  },
}
const fields = fieldsOf(SCHEMA)
const field = (name: string): SettingField => {
  const found = fields.find((one) => one.name === name)
  if (!found) throw new Error(`no field ${name}`)
  return found
}

describe('fields by a schema', () => {
  it('have the kinds that people enter', () => {
    expect(Object.fromEntries(fields.map((one) => [one.name, one.kind]))).toEqual({
      app_key: 'text',
      app_secret: 'secret',
      base: 'text',
      from_page: 'text',
      how: 'choice',
      group_id: 'number',
      thanks: 'text',
      again: 'switch',
      rate: 'number',
      hosts: 'words',
      'breaker.failures': 'number',
      'breaker.open_seconds': 'seconds',
    })
    expect(field('breaker.failures')).toMatchObject({ fallback: 7, least: 1, most: 1000, whole: true })
    expect(field('group_id')).toMatchObject({ nullable: true, least: 1, required: false })
  })

  it('begin with what is stored, else with what holds by itself; secrets begin empty', () => {
    expect(draftOf(fields, { app_key: 'k', group_id: 12, breaker: { failures: 2 }, app_secret: 'never told' })).toEqual({
      app_key: 'k',
      app_secret: '',
      base: 'https://x.test',
      from_page: '',
      how: 'sha1',
      group_id: 12,
      thanks: '谢谢',
      again: false,
      rate: 5,
      hosts: [],
      'breaker.failures': 2,
      'breaker.open_seconds': 30,
    })
  })

  it('send what was changed and no more; emptied ones go back to their default', () => {
    const before = draftOf(fields, { app_key: 'k', group_id: 12, base: 'https://y.test', from_page: 'p' })
    const now = { ...before, app_secret: ' s3cret ', group_id: '', thanks: ' ', base: '', from_page: '', again: true, hosts: ['a.test'], 'breaker.failures': 3 }
    expect(changesOf(fields, before, before)).toEqual({})
    expect(changesOf(fields, now, before)).toEqual({ app_secret: 's3cret', base: null, from_page: '', group_id: null, thanks: null, again: true, hosts: ['a.test'], breaker: { failures: 3 } })
  })

  it('are checked before anything is sent', () => {
    expect(faultOf(field('app_key'), '', false)?.key).toBe('blank')
    expect(faultOf(field('app_secret'), '', true)).toBe(null)
    expect(faultOf(field('app_secret'), '', false)?.key).toBe('blank')
    expect(faultOf(field('group_id'), '', false)).toBe(null)
    expect(faultOf(field('group_id'), 1.5, false)?.key).toBe('whole')
    expect(faultOf(field('rate'), 1001, false)).toEqual({ key: 'range', least: 0, most: 1000 })
    expect(faultOf(field('rate'), 2.5, false)).toBe(null)
  })

  it('come in the order of the vendor’s pages, and those that are of no use are left out', () => {
    const zhima = vendorFields({
      kind: 'zhima',
      settings: { properties: { wechatapp_id: { type: 'string', default: '' }, reply_path: { enum: ['direct', 'proxy'], default: 'direct' }, app_id: { type: 'string' } }, required: ['app_id'] },
      secrets: { properties: { developer_key: { type: 'string', format: 'password' }, push_url: { type: 'string', format: 'password' } }, required: ['push_url'] },
      bridge: {},
    })
    expect(zhima.first.map((one) => one.name)).toEqual(['app_id', 'push_url', 'reply_path'])
    expect(zhima.others.map((one) => one.name)).toEqual(['wechatapp_id', 'developer_key'])
    expect(isShown('zhima', 'developer_key', { developer_auth: 'none' })).toBe(false)
    expect(isShown('zhima', 'developer_key', { developer_auth: 'hmac' })).toBe(true)
    expect(isShown('qiyu', 'app_key', {})).toBe(true)
    expect(isUncertain('qiyu', 'relay_in_line')).toBe(true)
    expect(isUncertain('acme', 'relay_in_line')).toBe(false)
  })

  it('have this page’s words where it knows them, else the schema’s', () => {
    const has = (key: string) => key.split('.').reduce<unknown>((at, name) => (at as Record<string, unknown> | undefined)?.[name], zh) !== undefined
    expect(settingWords('qiyu', field('app_key'), t, has).label).toContain('admin.bridges.settings.qiyu.app_key.label')
    expect(settingWords('acme', field('app_key'), t, has)).toEqual({ label: 'App Key', hint: 'from their page', choices: {} })
    expect(settingWords('acme', field('how'), t, has).choices).toEqual({ sha1: 'sha1', sha256: 'sha256' })
  })

  it('are worded alike in both languages', () => {
    const shape = (all: object): unknown => Object.fromEntries(Object.entries(all).map(([key, value]) => [key, typeof value === 'object' ? shape(value as object) : '']))
    expect(shape(en.admin.bridges)).toEqual(shape(zh.admin.bridges))
  })
})

function breaker(appId: string, given: Partial<VendorBreaker> = {}): VendorBreaker {
  return { app_id: appId, state: 'closed', since: '2026-11-22T09:00:00Z', failures: 0, code: null, reason: null, probe_at: null, drill: false, ...given }
}

function account(given: Partial<VendorAccount> = {}): VendorAccount {
  return {
    id: 'main',
    vendor: 'qiyu',
    name: '七鱼',
    enabled: true,
    version: 1,
    bridge: {},
    settings: {},
    secrets: {},
    unreadable: [],
    used_by: [],
    push_url: null,
    token_url: null,
    proxy_url: null,
    breakers: [],
    faults: [],
    ...given,
  }
}

describe('a vendor account', () => {
  it('says the gravest thing first', () => {
    const open = breaker('wx1', { state: 'open', since: '2026-11-22T10:00:00Z' })
    expect(stateOf(account())).toEqual({ kind: 'working', since: null })
    expect(stateOf(account({ breakers: [breaker('wx1')] })).kind).toBe('working')
    expect(stateOf(account({ breakers: [open] }))).toEqual({ kind: 'down', since: open.since })
    expect(stateOf(account({ breakers: [{ ...open, state: 'half_open' }] })).kind).toBe('down')
    expect(stateOf(account({ breakers: [{ ...open, drill: true }] })).kind).toBe('drill')
    expect(stateOf(account({ breakers: [{ ...open, drill: true, since: '2026-11-22T08:00:00Z' }, breaker('wx2', open)] })).kind).toBe('down')
    expect(stateOf(account({ breakers: [open], faults: [{ where: 'settings.app_key', what: 'is needed' }] })).kind).toBe('faulty')
    expect(stateOf(account({ unreadable: ['app_secret'] })).kind).toBe('unreadable')
    expect(stateOf(account({ enabled: false, unreadable: ['app_secret'] })).kind).toBe('disabled')
  })

  it('has a breaker for each app that leads to it, or could', () => {
    const rows = (given: Partial<VendorAccount>) => appBreakers(account(given), ['wx1', 'wx2']).map((row) => row.appId)
    expect(rows({})).toEqual(['wx1', 'wx2'])
    expect(rows({ used_by: ['wx2'] })).toEqual(['wx2'])
    expect(rows({ used_by: ['wx2'], breakers: [breaker('wx1')] })).toEqual(['wx2', 'wx1'])
    expect(rows({ settings: { app_id: 'wx2' } })).toEqual(['wx2'])
  })

  it('has an id that fits an address', () => {
    expect(idFrom('Qiyu Main!', 'qiyu', [])).toBe('qiyu-main')
    expect(idFrom('七鱼', 'qiyu', [])).toBe('qiyu')
    expect(idFrom('七鱼', 'qiyu', ['qiyu', 'qiyu-2'])).toBe('qiyu-3')
    expect([isAccountId('qiyu-2'), isAccountId('-a'), isAccountId('Q'), isAccountId('')]).toEqual([true, false, false, false])
  })

  it('has an address that ends with a secret, as far as that is known', () => {
    const url = 'https://x.test/vendors/zhima/a/token/{token_path_secret}'
    expect(wholeAddress(url, { token_path_secret: 'abc' })).toBe('https://x.test/vendors/zhima/a/token/abc')
    expect(isWhole(wholeAddress(url, {}))).toBe(false)
    expect(isWhole('https://x.test/vendors/qiyu/a')).toBe(true)
  })

  it('says what came of a test', () => {
    const has = (key: string) => key.split('.').reduce<unknown>((at, name) => (at as Record<string, unknown> | undefined)?.[name], zh) !== undefined
    const said = (what: string, code: string | null = null) => testWords(what, code, t, has)
    expect(said("this machine's clock and the vendor's differ too much; set it by NTP", '14003')).toBe('admin.bridges.test.clock')
    expect(said("Qiyu did not like it. Compare the settings with the vendor's pages", '14999')).toBe('admin.bridges.test.settings')
    expect(said('Qiyu could not be reached', 'unreachable')).toBe('admin.bridges.test.unreachable')
    expect(said('the checksum is wrong', '14002')).toBe('admin.bridges.test.e14002')
    expect(said('something new', 'new')).toBe('something new')
  })
})

describe('switching an app', () => {
  it('offers ourselves, its vendors and the official console; also the one that is gone', () => {
    const offered = (chosen: string) => entryChoices(chosen, [bridge('main', { name: '七鱼' })], t).map((one) => one.entry)
    expect(offered('bot')).toEqual(['bot', 'agents', 'vendor:main', 'official'])
    expect(offered('vendor:old')).toEqual(['bot', 'agents', 'vendor:main', 'vendor:old', 'official'])
    expect(entryChoices('bot', [bridge('main', { down: true })], t)[2]?.text).toBe('apps.entry.vendor_down')
  })

  it('names the entry as a destination', () => {
    expect(entryDestination('agents')).toEqual({ kind: 'agents', name: null })
    expect(entryDestination('vendor:main')).toEqual({ kind: 'vendor', name: 'main' })
  })

  it('says what became of the open sessions', () => {
    const found = { version: 2, moved: 3, failed: 1, unsettled: 0, left: 2 }
    expect(switchedWords(found, 'new', t)).toEqual([])
    expect(switchedWords({ ...found, moved: 0, failed: 0, left: 0 }, 'all', t).map((line) => line.words)).toEqual(['apps.switching.none'])
    expect(switchedWords(found, 'all', t).map((line) => [line.words, line.tone])).toEqual([
      ['apps.switching.moved 3', 'good'],
      ['apps.switching.failed 1', 'bad'],
      ['apps.switching.left 2', 'doubtful'],
    ])
    expect(added(found, { version: 2, moved: 2, failed: 1, unsettled: 0, left: 0 })).toMatchObject({ moved: 5, left: 0 })
  })
})
