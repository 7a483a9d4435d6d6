import { describe, expect, it } from 'vitest'

import { policyFaultWords } from '@/admin/apps/policy-faults'
import { words as en } from '@/i18n/en'
import { words as zh } from '@/i18n/zh'

const speaker = (all: object) => (key: string, values: Record<string, unknown> = {}) => {
  const found = key.split('.').reduce<unknown>((at, name) => (at as Record<string, unknown> | undefined)?.[name], all)
  if (typeof found !== 'string') throw new Error(`no words for ${key}`)
  return found.replace(/\{(\w+)\}/g, (_, name: string) => String(values[name]))
}
const nameOf = (login: string) => (login === 'lina' ? '李娜' : login)
const said = (what: string, all: object = zh) => policyFaultWords(what, nameOf, speaker(all))

describe('what the console refuses', () => {
  it.each([
    ['never holds: the app has no hours; set them, or leave this out', '此小程序没有设置工作时间，这个条件永远不会符合。请在「工作时间」里设置，或去掉它。'],
    ['never comes to its turn: rule “售前” before it holds whenever it does; move this one up, or narrow that one', '轮不到：凡符合它的，前面的「售前」已先符合。请把它上移，或收窄前面的规则。'],
    ['never comes to its turn: rules “白天” and “夜间” before it hold whenever it does; move this one up, or narrow those', '轮不到：凡符合它的，前面的「白天」、「夜间」已先符合。请把它上移，或收窄前面的规则。'],
    ['lina is disabled; enable them, or name somebody else', '客服「李娜」已停用。请启用，或换一位。'],
    ['rule 0 has this name, too; give each its own, so that whoever asks why can tell them apart', '与规则 1 同名，请换个名称。'],
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
