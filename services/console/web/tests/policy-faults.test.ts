import { describe, expect, it } from 'vitest'

import { policyFaultWords } from '@/admin/apps/policy-faults'
import { words as en } from '@/i18n/en'
import { words as zh } from '@/i18n/zh'

const speaker = (all: object) => (key: string, values: Record<string, unknown> = {}) => {
  const found = key.split('.').reduce<unknown>((at, name) => (at as Record<string, unknown> | undefined)?.[name], all)
  if (typeof found !== 'string') throw new Error(`no words for ${key}`)
  return found.replace(/\{(\w+)\}/g, (_, name: string) => String(values[name]))
}
const nameOf = (id: string, kind?: 'agent' | 'vendor') => ({ lina: '李娜', ...(kind === 'vendor' ? { main: '七鱼' } : {}) })[id] ?? id
const said = (what: string, all: object = zh) => policyFaultWords(what, nameOf, speaker(all))

describe('what the console refuses', () => {
  it.each([
    ['never holds: the app has no hours; set them, or leave this out', '此小程序没有设置工作时间，这个条件永远不会符合。请在「工作时间」里设置，或去掉它。'],
    ['never comes to its turn: rule “售前” before it holds whenever it does; move this one up, or narrow that one', '轮不到：凡符合它的，前面的「售前」已先符合。请把它上移，或收窄前面的规则。'],
    ['never comes to its turn: rules “白天” and “夜间” before it hold whenever it does; move this one up, or narrow those', '轮不到：凡符合它的，前面的「白天」、「夜间」已先符合。请把它上移，或收窄前面的规则。'],
    ['lina is disabled; enable them, or name somebody else', '客服「李娜」已停用。请启用，或换一位。'],
    ['rule 0 has this name, too; give each its own, so that whoever asks why can tell them apart', '与规则 1 同名，请换个名称。'],
    ['there is no vendor account acme; add it first, or name another', '没有第三方客服账号「acme」。请先在「设置 → 第三方客服」添加，或换一个。'],
    ['the vendor account main is disabled; enable it, or name another', '第三方客服「七鱼」已停用。请启用，或换一个。'],
    ['a secret of the vendor account main cannot be read; enter it again, or name another', '第三方客服「七鱼」的密钥无法读取。请重新填写，或换一个。'],
    ['the vendor account main does not serve this app; see its settings, or name another', '第三方客服「七鱼」不接待此小程序。请查看它的设置，或换一个。'],
    ['must not be the bot: it has just handed off; name agents, a group, a vendor or official', '不能再交给机器人：转人工就是从它那里来的。请选人工、分组、第三方客服或微信官方客服。'],
    ['never comes: nothing leads to a vendor, and no vendor account serves this app; leave this fallback out', '永远不会发生：没有任何会话交给第三方客服，也没有能接待此小程序的账号。请去掉这一条。'],
    ['leads in a circle: this is the only vendor that sessions are with; fall back to another, to people or to the bot', '会来回打转：会话本来就只交给这个第三方客服。请交给别处。'],
    ['leads in a circle: the bot hands off to main again; turn unmatched.hand_off off, or fall back to people', '会来回打转：机器人又会转给「七鱼」。请关闭「自动回复 → 没有匹配时 → 转人工」，或交给人工。'],
    ['overlaps hours.weekly.1 on Monday; make them one window, or end one before the other begins', '与每周的第 2 行重叠。请合并成一行，或错开时间。'],
  ])('%s', (what, words) => {
    expect(said(what)).toBe(words)
  })

  it('is said in English, too', () => {
    expect(said('nobody is in the group vip; put agents into it first, or name another', en)).toContain('“vip”')
  })

  it('stays as it is where it is new', () => {
    expect(said('is not to our liking')).toBe('is not to our liking')
  })
})
