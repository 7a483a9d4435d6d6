/** What machines might all say to one message of a customer, in its order, and what the budget leaves out of it. Pure. */
import type { AppSettings } from '@/api/shapes'

/** WeChat's grant for one message. */
export const GRANTED = 5

export type MachineWords = 'reply' | 'out_of_hours' | 'official' | 'waiting' | 'fallback' | 'reminder' | 'closing' | 'rating'
export interface Said {
  readonly what: MachineWords
  /** Whether the budget still has room for it when all before it were sent. */
  readonly sent: boolean
}
type Settings = Pick<
  AppSettings,
  'entry' | 'after_bot' | 'rules' | 'fallbacks' | 'official' | 'keyword_rules' | 'unmatched' | 'waiting' | 'reminder' | 'closing' | 'rating' | 'hours' | 'out_of_hours' | 'bot_budget'
>

/** The worst case: the bot answers, the customer waits in line, is served, falls silent, and the session ends. */
export function spending(settings: Settings): Said[] {
  return machineWords(settings).map((what, place) => ({ what, sent: place < settings.bot_budget }))
}

function machineWords(settings: Settings): MachineWords[] {
  const found: [MachineWords, number][] = [
    ['reply', answers(settings) ? 1 : 0],
    ['out_of_hours', settings.hours && settings.out_of_hours ? 1 : 0],
    ['waiting', settings.waiting.say ? settings.waiting.most : 0],
    ['fallback', settings.fallbacks.filter((one) => one.say).length],
    ['official', settings.official.say && handsOver(settings) ? 1 : 0],
    ['reminder', settings.reminder.say ? 1 : 0],
    ['closing', settings.closing ? 1 : 0],
    ['rating', settings.rating.ask ? 1 : 0],
  ]
  return found.flatMap(([what, count]) => Array.from({ length: count }, () => what))
}

function answers({ entry, rules, fallbacks, keyword_rules, unmatched }: Settings): boolean {
  const botServes = entry === 'bot' || [...rules, ...fallbacks].some((one) => one.to.kind === 'bot')
  return botServes && (unmatched.reply !== null || keyword_rules.some((rule) => rule.reply !== null))
}

function handsOver({ entry, after_bot, rules, fallbacks, official }: Settings): boolean {
  return official.agents_may_transfer || entry === 'official' || (entry === 'bot' && after_bot.kind === 'official') || [...rules, ...fallbacks].some((one) => one.to.kind === 'official')
}
