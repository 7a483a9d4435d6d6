import { describe, expect, it } from 'vitest'

import type { CannedReply } from '@/api/shapes'
import { askedFor, matching } from '@/desk/composer/canned'
import { EMOJI, EVERY_EMOJI } from '@/desk/composer/emoji'
import { HEAD_BYTES, judge, pictureKind, sizeWords } from '@/desk/composer/pictures'
import { sendable } from '@/desk/composer/sendable'
import { bytesOf, textParts } from '@/desk/composer/text-parts'
import { filledText, fillIn, leftover } from '@/desk/composer/variables'

describe('bytes', () => {
  it('are those of UTF-8', () => {
    expect(bytesOf('abc')).toBe(3)
    expect(bytesOf('客户')).toBe(6)
    expect(bytesOf('👍')).toBe(4)
  })
})

describe('parts of a long text', () => {
  it('are the text itself where it fits', () => {
    expect(textParts('好')).toEqual(['好'])
    expect(textParts('  \n ')).toEqual([])
    expect(textParts('a'.repeat(2048))).toHaveLength(1)
  })

  it('each fit, and say the same together', () => {
    const text = '一二三四五六七八九十'.repeat(400)
    const parts = textParts(text)
    expect(parts).toHaveLength(6)
    expect(parts.every((part) => bytesOf(part) <= 2048)).toBe(true)
    expect(parts.join('')).toBe(text)
  })

  it('are cut where a reader pauses', () => {
    expect(textParts('第一句。第二句', 15)).toEqual(['第一句。', '第二句'])
    expect(textParts('one two three', 9)).toEqual(['one two', 'three'])
    expect(textParts('ab cd\nef gh', 8)).toEqual(['ab cd', 'ef gh'])
  })

  it('never cut what belongs together', () => {
    expect(textParts('aaaaa👨‍👩‍👧', 25)).toEqual(['aaaaa👨‍👩‍👧'])
    expect(textParts('aaaaaaaaaaaaaaaaaaaa👨‍👩‍👧', 25)).toEqual(['aaaaaaaaaaaaaaaaaaaa', '👨‍👩‍👧'])
    expect(textParts('aaaaa[微笑]b', 9)).toEqual(['aaaaa', '[微笑]b'])
    expect(textParts('🇨🇳🇨🇳', 8)).toEqual(['🇨🇳', '🇨🇳'])
  })
})

describe('what can be sent', () => {
  const draft = { text: '好', pictures: 0, room: 5, hold: false }

  it('is something', () => {
    expect(sendable({ ...draft, text: ' ' }).obstacle).toBe('nothing')
    expect(sendable({ ...draft, text: '', pictures: 1 }).obstacle).toBeNull()
  })

  it('fits in what WeChat takes now, or may wait', () => {
    expect(sendable({ ...draft, pictures: 5 })).toMatchObject({ count: 6, obstacle: 'no_room' })
    expect(sendable({ ...draft, pictures: 5, hold: true }).obstacle).toBeNull()
    expect(sendable({ ...draft, room: 0 }).obstacle).toBe('no_room')
  })

  it('tells its size from 1,800 bytes on, and its parts beyond 2,048', () => {
    expect(sendable({ ...draft, text: 'a'.repeat(1799) }).bytes).toBeNull()
    expect(sendable({ ...draft, text: 'a'.repeat(1800) })).toMatchObject({ bytes: 1800, splits: false })
    expect(sendable({ ...draft, text: 'a'.repeat(2049) })).toMatchObject({ bytes: 2049, splits: true, parts: 2 })
    expect(sendable({ ...draft, text: '字'.repeat(4000) }).obstacle).toBe('too_many')
  })
})

describe('variables', () => {
  const values = { customer: '王先生', agent: '李娜', app: '商城', source: '', time: '14:05', profile: [{ name: '等级', value: '金卡' }] }

  it('are filled in', () => {
    expect(filledText('{customer}您好，我是{app}的{agent}，您是{profile.等级}会员。', values)).toBe('王先生您好，我是商城的李娜，您是金卡会员。')
  })

  it('stay as they are where nothing is known, and say so', () => {
    expect(fillIn('从{source}来', values)).toEqual([
      { text: '从', unknown: false },
      { text: '{source}', unknown: true },
      { text: '来', unknown: false },
    ])
    expect(filledText('{profile.生日}', values)).toBe('{profile.生日}')
  })

  it('are not every word in braces', () => {
    expect(filledText('{order} {}', values)).toBe('{order} {}')
    expect(leftover('{order} {source} {source} {profile.x}')).toEqual(['{source}', '{profile.x}'])
  })

  it('never fill in what a value says', () => {
    expect(filledText('{customer}', { ...values, customer: '{agent}' })).toBe('{agent}')
  })
})

describe('canned replies', () => {
  const reply = (shortcut: string, title: string, text: string, app_id: string | null = null): CannedReply => ({ id: shortcut, shortcut, title, text, scope: 'shared', app_id, version: 1 })
  const all = [reply('refund', '退款流程', '请在订单页申请'), reply('hi', '问候', '您好'), reply('ship', '发货', '48 小时内发货', 'wx2'), reply('re', '回访', '满意吗')]

  it('are asked for by a slash at the very start', () => {
    expect(askedFor('/re')).toBe('re')
    expect(askedFor('/')).toBe('')
    expect(askedFor('a/re')).toBeNull()
    expect(askedFor('/re\nmore')).toBeNull()
  })

  it('are found by shortcut, title and text, the nearest first', () => {
    const found = (query: string) => matching(all, query, 'wx1').map((one) => one.shortcut)
    expect(found('re')).toEqual(['re', 'refund'])
    expect(found('退款')).toEqual(['refund'])
    expect(found('您好')).toEqual(['hi'])
    expect(found('')).toEqual(['hi', 're', 'refund'])
  })

  it('are those of the app', () => {
    expect(matching(all, 'ship', 'wx1')).toEqual([])
    expect(matching(all, 'ship', 'wx2')).toHaveLength(1)
  })
})

describe('pictures', () => {
  const head = (...bytes: number[]) => Uint8Array.from({ length: HEAD_BYTES }, (_, place) => bytes[place] ?? 0)
  const JPEG = head(0xff, 0xd8, 0xff, 0xe0)
  const PNG = head(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a)
  const GIF = head(...new TextEncoder().encode('GIF89a'))
  const WEBP = head(...new TextEncoder().encode('RIFFxxxxWEBP'))

  it('are known by their first bytes', () => {
    expect([JPEG, PNG, GIF, WEBP, head(...new TextEncoder().encode('<svg'))].map(pictureKind)).toEqual(['jpeg', 'png', 'gif', null, null])
    expect(pictureKind(new Uint8Array())).toBeNull()
  })

  it('are taken up to 2 MB, and may be made smaller beyond', () => {
    expect(judge(JPEG, 2 * 1024 * 1024).ok).toBe(true)
    expect(judge(PNG, 2 * 1024 * 1024 + 1)).toMatchObject({ ok: false, why: 'shrinkable' })
    expect(judge(JPEG, 20 * 1024 * 1024)).toMatchObject({ ok: false, why: 'shrinkable' })
    expect(judge(GIF, 3 * 1024 * 1024)).toMatchObject({ ok: false, why: 'too_large' })
    expect(judge(JPEG, 80 * 1024 * 1024)).toMatchObject({ ok: false, why: 'too_large' })
  })

  it('are nothing else that calls itself one', () => {
    expect(judge(WEBP, 1000)).toMatchObject({ ok: false, why: 'not_a_picture' })
    expect(judge(new Uint8Array(), 0)).toMatchObject({ ok: false, why: 'empty' })
  })

  it('have a size in words', () => {
    expect(sizeWords(20 * 1024 * 1024)).toBe('20.0 MB')
    expect(sizeWords(100)).toBe('1 KB')
  })
})

describe('emoji', () => {
  it('are each there once, about 120 in all', () => {
    expect(new Set(EVERY_EMOJI).size).toBe(EVERY_EMOJI.length)
    expect(EVERY_EMOJI.length).toBeGreaterThan(110)
    expect(EMOJI.every((group) => group.emoji.length > 0)).toBe(true)
  })
})
