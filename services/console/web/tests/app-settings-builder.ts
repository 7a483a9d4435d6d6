import type { AppSettings, Hours } from '@/api/shapes'

/** Settings as the console tells them of a new app. */
export function settings(given: Partial<AppSettings> = {}): AppSettings {
  return {
    entry: 'bot',
    welcome: null,
    keyword_rules: [],
    hand_off_words: ['人工', '转人工'],
    unmatched: { reply: null, hand_off: true },
    bot_budget: 3,
    bot_turn_seconds: 10,
    bot_reply_seconds: 600,
    assignment: { strategy: 'least_loaded', groups: [] },
    idle_close_seconds: { bot: 1800, waiting: 172_800, agent: 172_800 },
    hours: null,
    out_of_hours: null,
    retention_days: null,
    ...given,
  }
}

export function hours(given: Partial<Hours> = {}): Hours {
  return { time_zone: 'Asia/Shanghai', weekly: [], holidays: [], extra_days: [], ...given }
}
