import { describe, expect, it } from 'vitest'

import { strengthOf } from '@/admin/account/password'
import { drawingOf } from '@/admin/account/qr'
import { lineChanges } from '@/admin/audit/line-changes'
import { shown } from '@/admin/audit/values'
import { example, found, insert, unknownVariables } from '@/admin/canned/filling'
import { failureWords } from '@/admin/failures'
import { faultsOf, faultWords } from '@/admin/faults'
import { kindOf } from '@/admin/outgoing/robots'
import { nameFault } from '@/admin/tags/colors'
import { endOf, lifeOf } from '@/admin/tokens/tokens'
import type { CannedReply } from '@/api/shapes'
import { words as en } from '@/i18n/en'
import { words as zh } from '@/i18n/zh'
import { t } from './builders'

describe('a new password', () => {
  it.each([
    ['123456789', 'short'],
    ['喵喵喵喵喵喵喵喵喵', 'short'],
    ['Zhou.Ming01', 'login', 'zhou.ming01'],
    ['aaaaaaaaaaaa', 'guessable'],
    ['1234567890', 'guessable'],
    ['0987654321xx', 'guessable'],
    ['qwertyuiop12', 'guessable'],
    ['lina-lina-2026', 'guessable'],
    ['abcdXabcdXabcdX', 'guessable'],
    ['violet tram', 'fair'],
    ['correct horse battery', 'strong'],
    ['Pf7!kqzT2w', 'strong'],
  ])('%s is %s', (password, strength, login = 'lina') => {
    expect(strengthOf(password, login)).toBe(strength)
  })
})

describe('a QR code', () => {
  it('has its three corners, and nothing around it', () => {
    const { size, path } = drawingOf('otpauth://totp/wxdesk:lina?secret=JBSWY3DPEHPK3PXP&issuer=wxdesk')
    const dark = new Set<string>()
    for (const [, x, y, width] of path.matchAll(/M(\d+) (\d+)h(\d+)v1h-\d+z/g)) {
      for (let step = 0; step < Number(width); step++) dark.add(`${Number(x) + step} ${y}`)
    }
    const eye = ['#######', '#.....#', '#.###.#', '#.###.#', '#.###.#', '#.....#', '#######']
    const corner = (left: number, top: number) => eye.map((row, y) => [...row].map((_, x) => (dark.has(`${left + x} ${top + y}`) ? '#' : '.')).join(''))
    expect(corner(4, 4)).toEqual(eye)
    expect(corner(size - 11, 4)).toEqual(eye)
    expect(corner(4, size - 11)).toEqual(eye)
    expect([...dark].flatMap((place) => place.split(' ').map(Number)).every((at) => at >= 4 && at < size - 4)).toBe(true)
  })
})

describe('the text of a canned reply', () => {
  const values = { customer: '小林', agent: '李娜', app: '店铺', source: '', time: '14:05' }

  it('reads as a customer would read it', () => {
    expect(example('{customer}您好，{profile.会员等级}', values).map((part) => part.text)).toEqual(['小林', '您好，', '「会员等级」'])
    expect(example('{source}', values)).toEqual([{ text: '{source}', unknown: true }])
  })

  it('names what looks like a variable and is none, as the console does', () => {
    expect(unknownVariables('{customer} {customr} {profile.} {profile.级别} {app.x} {"a": 1} {姓名}')).toEqual(['{customr}', '{profile.}', '{app.x}'])
  })

  it('takes a variable in place of what is marked, and marks what is to be typed over', () => {
    expect(insert('您好 先生', 2, 3, '{customer}')).toEqual({ text: '您好{customer}先生', from: 12, to: 12 })
    expect(insert('', 0, 0, '{profile.等级}', '等级')).toEqual({ text: '{profile.等级}', from: 9, to: 11 })
  })
})

describe('finding canned replies', () => {
  const reply = (shortcut: string, more: Partial<CannedReply> = {}): CannedReply => ({ id: shortcut, shortcut, title: '', text: '', scope: 'shared', app_id: null, version: 1, ...more })
  const replies = [reply('tk', { title: '退款' }), reply('fh', { text: 'Ships in 24 h' }), reply('hi', { scope: 'personal' }), reply('a', { app_id: 'wx1' })]
  const shortcuts = (...asked: Parameters<typeof found> extends [unknown, ...infer Rest] ? Rest : never) => found(replies, ...asked).map((one) => one.shortcut)

  it('goes by shortcut, title and text, whose it is, and the app', () => {
    expect(shortcuts('', 'every', '')).toEqual(['a', 'fh', 'hi', 'tk'])
    expect(shortcuts('/TK', 'every', '')).toEqual(['tk'])
    expect(shortcuts('ships', 'every', '')).toEqual(['fh'])
    expect(shortcuts('', 'personal', '')).toEqual(['hi'])
    expect(shortcuts('', 'every', 'wx2')).toEqual(['fh', 'hi', 'tk'])
  })
})

describe('what the console finds wrong', () => {
  it.each([
    ['must not be blank; leave it out instead', 'blank'],
    ['must have at most 60 characters', 'too_long 60'],
    ['must have 10 to 1024 characters', 'too_short 10'],
    ['Input should be less than or equal to 86400', 'too_large 86400'],
    ['there is no variable {customr}', 'no_variable customr'],
    ['Value error, must begin with https:// (or http:// for an address of your own network) and name a host', 'url_scheme'],
    ['Value error, must not name this address: http is only for private and loopback addresses; use https', 'url_plain'],
    ["Value error, must not name this address: the host's name leads to an address that may not be reached", 'url_reach'],
  ])('%s', (what, name) => {
    expect(faultWords(what, t).trim()).toBe(`admin.faults.${name}`)
  })

  it('is told as it is where nothing is known of it', () => {
    expect(faultWords('Value error, must be blue', t)).toBe('must be blue')
  })

  it('belongs to its field, also where the sentence begins with it', () => {
    const problem = { code: 'invalid' as const, status: 422 }
    expect(faultsOf({ ...problem, detail: '', errors: [{ where: 'name', what: 'must be blue' }] }, t)).toEqual({ name: 'must be blue' })
    expect(Object.keys(faultsOf({ ...problem, detail: 'code: not the one that the authenticator app shows.' }, t))).toEqual(['code'])
    expect(faultsOf({ ...problem, detail: 'There is no app wx1.' }, t)).toEqual({})
    expect(faultsOf({ code: 'conflict', status: 409, detail: 'name: taken' }, t)).toEqual({})
  })
})

describe('why a call does not count', () => {
  it.each([
    ['HTTP 302: redirects are not followed', 'redirect 302'],
    ['HTTP 200, and not the answer of such a robot', 'no_robot 200'],
    ['HTTP 500', 'status 500'],
    ['no answer within 10 s', 'slow 10'],
    ['93000: the address is wrong, or the robot was removed', 'robot_gone 93000'],
    ["310000: refused by the robot's security settings: the secret, the keyword (客服), or the address", 'robot_security 310000'],
  ])('%s', (failure, name) => {
    expect(failureWords(failure, t)).toBe(`admin.calls.${name}`)
  })

  it('is told as it is where nothing is known of it', () => {
    expect(failureWords('40058: no such parameter', t)).toBe('40058: no such parameter')
  })
})

describe('what the audit keeps', () => {
  it('is shown by its kind', () => {
    expect([null, '', []].map((value) => shown('name', value).kind)).toEqual(['nothing', 'nothing', 'nothing'])
    expect([shown('apps', null).kind, shown('app_ids', []).kind]).toEqual(['every_app', 'every_app'])
    expect([shown('enabled', true).kind, shown('enabled', false).kind, shown('capacity', 0)]).toEqual(['yes', 'no', { kind: 'text', text: '0', long: false }])
    expect(shown('secret', 'changed').kind).toBe('secret')
    expect(shown('name', 'changed')).toEqual({ kind: 'text', text: 'changed', long: false })
    expect(shown('expires_at', '2026-11-22T10:00:00Z').kind).toBe('instant')
    expect(shown('groups', ['a', 'b'])).toMatchObject({ text: 'a, b' })
    expect(shown('hours', { weekly: [] })).toMatchObject({ kind: 'text', long: true })
  })

  it('is compared line by line', () => {
    const before = ['a', 'b', 'c', 'd', 'e', 'f'].join('\n')
    const after = ['a', 'b', 'c', 'D', 'e', 'f', 'g'].join('\n')
    expect(lineChanges(before, after)?.map(({ kind, text }) => `${kind} ${text}`)).toEqual(['skipped …', 'same c', 'gone d', 'new D', 'same e', 'same f', 'new g'])
    expect(lineChanges('x\n'.repeat(600), '')).toBe(null)
  })

  it('has words for the same things in both languages', () => {
    expect(Object.keys(en.admin.audit.action)).toEqual(Object.keys(zh.admin.audit.action))
    expect(Object.keys(en.admin.faults)).toEqual(Object.keys(zh.admin.faults))
  })
})

describe('API tokens', () => {
  const now = Date.parse('2026-11-22T10:00:00Z')

  it.each([
    [null, 'fine'],
    ['2026-11-22T10:00:00Z', 'over'],
    ['2026-12-01T10:00:00Z', 'soon'],
    ['2027-12-01T10:00:00Z', 'fine'],
  ])('that end %s: %s', (expires_at, life) => {
    expect(lifeOf({ expires_at }, now)).toBe(life)
  })

  it('end after whole days, or never', () => {
    expect(endOf(30, now)).toBe(Date.parse('2026-12-22T10:00:00Z'))
    expect(endOf(null, now)).toBe(null)
  })
})

describe('names and addresses', () => {
  it('of tags are not taken twice, and are no folders', () => {
    const tags = [{ name: 'VIP', color: 'red' as const }]
    expect(['VIP ', 'vip', '..', 'a/b'].map((name) => nameFault(name, tags))).toEqual(['there', null, 'unusable', null])
  })

  it('of robots tell their kind', () => {
    expect(kindOf('https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=x')).toBe('wecom')
    expect(kindOf('https://open.feishu.cn/open-apis/bot/v2/hook/x')).toBe('feishu')
    expect(kindOf('https://oapi.dingtalk.com/robot/send?access_token=x')).toBe('dingtalk')
    expect(kindOf('https://robots.example.com/qyapi.weixin.qq.com/')).toBe(null)
  })
})
