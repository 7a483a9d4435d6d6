import type { AppSettings, Hours } from '@/api/shapes'

/** Settings as the console tells them of a new app. */
export function settings(given: Partial<AppSettings> = {}): AppSettings {
  return {
    entry: 'bot',
    after_bot: { kind: 'agents', name: null },
    rules: [],
    fallbacks: [],
    official: { agents_may_transfer: false, say: null },
    welcome: null,
    keyword_rules: [],
    hand_off_words: ['人工', '转人工'],
    unmatched: { reply: null, hand_off: true },
    bot_budget: 3,
    bot_turn_seconds: 10,
    bot_reply_seconds: 600,
    assignment: { strategy: 'least_loaded', groups: [], auto_accept: true, offer_seconds: null, last_agent_seconds: 0, reopen_seconds: 0, offline: 'keep', offline_seconds: 300 },
    waiting: { say: null, after_seconds: 0, every_seconds: 600, most: 1 },
    give_up_words: [],
    targets: { answer_seconds: null, warn_seconds: 60, window_seconds: 3600, agent_silent_seconds: null, escalate_to: null },
    reminder: { say: null, after_seconds: 3600 },
    closing: null,
    rating: { ask: null, thanks: null, within_seconds: 86_400 },
    flood: { messages: 30, seconds: 60 },
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
