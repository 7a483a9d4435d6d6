/** How sessions are assigned, wait, are watched over and end, as the page edits it: what may be off has a switch. Pure. */
import { number, words } from '@/admin/apps/typed'
import type { Typed } from '@/admin/apps/typed'
import type { AppSettings } from '@/api/shapes'

type Assignment = AppSettings['assignment']

export interface ServingDraft {
  assignment: {
    strategy: Assignment['strategy']
    groups: string[]
    auto_accept: boolean
    offers: boolean
    offer_seconds: Typed
    last_agent_first: boolean
    last_agent_seconds: Typed
    reopens: boolean
    reopen_seconds: Typed
    offline: Assignment['offline']
    offline_seconds: Typed
  }
  waiting: { say: string; after_seconds: Typed; every_seconds: Typed; most: Typed }
  give_up_words: string[]
  targets: {
    answers: boolean
    answer_seconds: Typed
    warn_seconds: Typed
    window_seconds: Typed
    watches: boolean
    agent_silent_seconds: Typed
    escalate_to: string
  }
  official: { agents_may_transfer: boolean; say: string }
  reminder: { say: string; after_seconds: Typed }
  closing: string
  rating: { ask: string; thanks: string; within_seconds: Typed }
  limits_flood: boolean
  flood: { messages: Typed; seconds: Typed }
}
type Serving = Pick<AppSettings, 'assignment' | 'waiting' | 'give_up_words' | 'targets' | 'official' | 'reminder' | 'closing' | 'rating' | 'flood'>

/** What a switch offers when it is turned on. */
const OFFERED = { offer_seconds: 30, last_agent_seconds: 60, reopen_seconds: 3600, answer_seconds: 180, agent_silent_seconds: 300, flood: { messages: 30, seconds: 60 } }

export function servingDraftOf(settings: Serving): ServingDraft {
  const { assignment, waiting, targets, reminder, rating } = settings
  return {
    assignment: {
      ...assignment,
      groups: [...assignment.groups],
      offers: assignment.offer_seconds !== null,
      offer_seconds: assignment.offer_seconds ?? OFFERED.offer_seconds,
      last_agent_first: assignment.last_agent_seconds > 0,
      last_agent_seconds: assignment.last_agent_seconds || OFFERED.last_agent_seconds,
      reopens: assignment.reopen_seconds > 0,
      reopen_seconds: assignment.reopen_seconds || OFFERED.reopen_seconds,
    },
    waiting: { ...waiting, say: waiting.say ?? '' },
    give_up_words: [...settings.give_up_words],
    targets: {
      ...targets,
      answers: targets.answer_seconds !== null,
      answer_seconds: targets.answer_seconds ?? OFFERED.answer_seconds,
      watches: targets.agent_silent_seconds !== null,
      agent_silent_seconds: targets.agent_silent_seconds ?? OFFERED.agent_silent_seconds,
      escalate_to: targets.escalate_to ?? '',
    },
    official: { agents_may_transfer: settings.official.agents_may_transfer, say: settings.official.say ?? '' },
    reminder: { say: reminder.say ?? '', after_seconds: reminder.after_seconds },
    closing: settings.closing ?? '',
    rating: { ask: rating.ask ?? '', thanks: rating.thanks ?? '', within_seconds: rating.within_seconds },
    limits_flood: settings.flood !== null,
    flood: { ...(settings.flood ?? OFFERED.flood) },
  }
}

export function servingOf(draft: ServingDraft): Serving {
  const { assignment, waiting, targets } = draft
  return {
    assignment: {
      strategy: assignment.strategy,
      groups: [...assignment.groups],
      auto_accept: assignment.auto_accept,
      offer_seconds: assignment.offers ? number(assignment.offer_seconds) : null,
      last_agent_seconds: assignment.last_agent_first ? number(assignment.last_agent_seconds) : 0,
      reopen_seconds: assignment.reopens ? number(assignment.reopen_seconds) : 0,
      offline: assignment.offline,
      offline_seconds: number(assignment.offline_seconds),
    },
    waiting: { say: words(waiting.say), after_seconds: number(waiting.after_seconds), every_seconds: number(waiting.every_seconds), most: number(waiting.most) },
    give_up_words: [...draft.give_up_words],
    targets: {
      answer_seconds: targets.answers ? number(targets.answer_seconds) : null,
      warn_seconds: number(targets.warn_seconds),
      window_seconds: number(targets.window_seconds),
      agent_silent_seconds: targets.watches ? number(targets.agent_silent_seconds) : null,
      escalate_to: targets.escalate_to || null,
    },
    official: { agents_may_transfer: draft.official.agents_may_transfer, say: words(draft.official.say) },
    reminder: { say: words(draft.reminder.say), after_seconds: number(draft.reminder.after_seconds) },
    closing: words(draft.closing),
    rating: { ask: words(draft.rating.ask), thanks: words(draft.rating.thanks), within_seconds: number(draft.rating.within_seconds) },
    flood: draft.limits_flood ? { messages: number(draft.flood.messages), seconds: number(draft.flood.seconds) } : null,
  }
}
