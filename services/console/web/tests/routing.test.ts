import { describe, expect, it } from 'vitest'

import { awayChoices } from '@/admin/account/away'
import type { Decision } from '@/api/shapes'
import { mayAccept, mayBlock, mayMove, mayTakeOver } from '@/desk/acting'
import { alarmOf } from '@/desk/attention'
import { ratedWords, starsOf } from '@/desk/customer/ratings'
import { candidateWords, decisionWords, ofSession } from '@/desk/decisions'
import { chipOf } from '@/desk/lists/chips'
import { askedAbove, isOfferedTo, offerOf, offersTo } from '@/desk/offers'
import { conversation, offer, quota, served, session, t } from './builders'

const NOW = Date.parse('2026-11-22T10:00:00Z')
const SECOND = 1_000
const MINUTE = 60_000
const at = (ms: number) => new Date(NOW + ms).toISOString()

describe('an offer', () => {
  const mine = conversation({ id: 'mine', session: session({ offer: offer('lina', at(24 * SECOND), '李娜') }) })
  const sooner = conversation({ id: 'sooner', session: session({ offer: offer('lina', at(5 * SECOND)) }) })
  const others = conversation({ id: 'others', session: session({ offer: offer('wang', at(18_400)) }) })

  it('counts down to nothing, for whom it is and for others', () => {
    expect(offerOf(mine, 'lina', NOW)).toEqual({ toMe: true, name: '李娜', seconds: 24, hurry: false })
    expect(offerOf(sooner, 'lina', NOW)).toMatchObject({ seconds: 5, hurry: true })
    expect(offerOf(mine, 'lina', NOW + MINUTE)).toMatchObject({ seconds: 0 })
    expect(offerOf(others, 'lina', NOW)).toMatchObject({ toMe: false, name: 'wang', seconds: 19 })
    expect(offerOf(conversation({ session: session() }), 'lina', NOW)).toBe(null)
  })

  it('is one only as long as the session waits', () => {
    const taken = conversation({ session: served('lina', '李娜', { offer: offer('lina', at(MINUTE)) }) })
    expect(offerOf(taken, 'lina', NOW)).toBe(null)
    expect(isOfferedTo(taken, 'lina')).toBe(false)
    expect(isOfferedTo(undefined, undefined)).toBe(false)
  })

  it('with the least time left comes first', () => {
    expect(offersTo('lina', [mine, others, sooner]).map((one) => one.id)).toEqual(['sooner', 'mine'])
  })

  it('is asked about above the lists, but for the one that is open, and never many at once', () => {
    expect(askedAbove([sooner, mine], 'mine')).toEqual([sooner])
    expect(askedAbove([mine, mine, mine, mine], null)).toHaveLength(3)
  })
})

describe('why somebody should look', () => {
  const late = (ms: number) => conversation({ quota: quota(), session: session({ answer_by: at(ms), attention: { why: 'answer_late', since: at(0) } }) })
  const closing = (ms: number) => conversation({ quota: quota({ deadline: at(ms) }), session: served('lina', '李娜', { attention: { why: 'window_closing', since: at(0) } }) })

  it('is an answer that will be late, then one that is', () => {
    expect(alarmOf(late(40 * SECOND), NOW, t)).toEqual({ urgency: 'soon', short: 'lists.attention_short.late_in times.seconds 40', long: 'lists.attention_long.late_in times.seconds 40' })
    expect(alarmOf(late(-90 * SECOND), NOW, t)).toMatchObject({ urgency: 'urgent', short: 'lists.attention_short.late_by times.minutes_seconds 1 30' })
    const untold = conversation({ session: session({ attention: { why: 'answer_late', since: at(0) } }) })
    expect(alarmOf(untold, NOW, t)).toMatchObject({ urgency: 'soon', short: 'lists.attention_short.late_soon' })
  })

  it('is the window, while it is open', () => {
    expect(alarmOf(closing(52 * MINUTE), NOW, t)).toMatchObject({ urgency: 'soon', short: expect.stringContaining('window times.minutes 52') as string })
    expect(alarmOf(closing(14 * MINUTE), NOW, t)).toMatchObject({ urgency: 'urgent' })
    expect(alarmOf(closing(-1), NOW, t)).toMatchObject({ urgency: 'urgent', short: expect.stringContaining('window_closed') as string })
  })

  it('is an agent who says nothing, since the customer wrote', () => {
    const silent = conversation({ session: served('wang', '王强', { unanswered_since: at(-12 * MINUTE), attention: { why: 'agent_silent', since: at(-2 * MINUTE) } }) })
    expect(alarmOf(silent, NOW, t)).toEqual({ urgency: 'soon', short: expect.stringContaining('times.minutes 12') as string, long: 'lists.attention_long.silent times.minutes 12 王强' })
  })

  it('is nothing where nobody was called', () => {
    expect(alarmOf(conversation({ session: session() }), NOW, t)).toBe(null)
  })
})

describe('the mark of a row', () => {
  const waits = (more: object = {}, given: object = {}) => conversation({ quota: quota(), session: session({ waiting_since: at(-2 * MINUTE), ...more }), ...given })
  const words = (of: ReturnType<typeof conversation>) => chipOf(of, 'lina', NOW, t)?.words ?? null

  it('is what the agent is asked to do, before anything else', () => {
    const asked = waits({ offer: offer('lina', at(24 * SECOND)), attention: { why: 'answer_late', since: at(0) } })
    expect(chipOf(asked, 'lina', NOW, t)).toEqual({ words: 'lists.offered_me 24', title: '', tone: 'asked', alarm: false })
    expect(chipOf(asked, 'wang', NOW, t)).toMatchObject({ alarm: true })
    expect(chipOf(waits({ offer: offer('lina', at(9 * SECOND)) }), 'lina', NOW, t)).toMatchObject({ tone: 'soon' })
  })

  it('says quietly to whom else it is offered', () => {
    expect(chipOf(waits({ offer: offer('wang', at(18 * SECOND), '王强') }), 'lina', NOW, t)).toMatchObject({ words: 'lists.offered_to 王强 18', tone: 'calm' })
  })

  it('is how long somebody waits, or what is left of what was promised', () => {
    expect(words(waits())).toBe('lists.waited times.minutes_seconds 2 0')
    expect(chipOf(waits({ answer_by: at(MINUTE) }), 'lina', NOW, t)).toMatchObject({ words: 'lists.answer_in times.minutes_seconds 1 0', tone: 'soon', title: 'lists.waited times.minutes_seconds 2 0' })
    expect(chipOf(waits({ answer_by: at(-SECOND) }), 'lina', NOW, t)).toMatchObject({ words: 'lists.answer_late times.seconds 1', tone: 'urgent' })
    expect(words(waits({ answer_by: at(30 * MINUTE) }, { quota: quota({ deadline: at(10 * MINUTE) }) }))).toBe('lists.waited times.minutes_seconds 2 0')
    expect(words(waits({ to_official: true }))).toBe('lists.to_official')
  })

  it('is the window where that is short, and nothing where all is well or over', () => {
    expect(words(conversation({ quota: quota({ deadline: at(5 * MINUTE) }), session: served('lina') }))).toBe('times.minutes_seconds 5 0')
    expect(words(conversation({ quota: null, session: served('lina') }))).toBe('lists.window_closed_short')
    expect(words(conversation({ quota: quota(), session: served('lina') }))).toBe(null)
    expect(words(conversation({ quota: null, session: session({ state: 'closed' }) }))).toBe(null)
  })
})

describe('what an agent may do', () => {
  const agent = { id: 'lina', role: 'agent' as const }
  const supervisor = { id: 'zhou', role: 'supervisor' as const }

  it('is to accept what nobody of us has', () => {
    const able = (['bot', 'waiting', 'agent', 'vendor', 'official', 'closed'] as const).filter((state) => mayAccept(session({ state })))
    expect(able).toEqual(['bot', 'waiting', 'vendor', 'official'])
    expect(mayAccept(null)).toBe(false)
  })

  it('is to move their own; a supervisor moves any, and takes over from a colleague', () => {
    expect([mayMove(served('lina'), agent), mayMove(served('wang'), agent), mayMove(session({ state: 'closed' }), supervisor)]).toEqual([true, false, false])
    expect([mayMove(served('wang'), supervisor), mayMove(session({ state: 'official' }), supervisor)]).toEqual([true, true])
    expect([mayTakeOver(served('wang'), supervisor), mayTakeOver(served('zhou'), supervisor), mayTakeOver(served('wang'), agent), mayTakeOver(session(), supervisor)]).toEqual([true, false, false, false])
  })

  it('is to block whom they serve; whoever did it may lift it', () => {
    const blocked = conversation({ blocked: true, session: session({ state: 'closed' }) })
    expect([mayBlock(conversation({ session: served('lina') }), agent), mayBlock(conversation({ session: served('wang') }), agent), mayBlock(blocked, agent), mayBlock(conversation(), supervisor), mayBlock(blocked, null)]).toEqual([
      true,
      false,
      true,
      true,
      false,
    ])
  })
})

describe('why a session is where it is', () => {
  const decision = (given: Partial<Decision>): Decision => ({
    kind: 'assigned',
    recorded_at: at(0),
    session: 's1',
    claim_id: 's1.1',
    agent_id: 'lina',
    rule: 'least_loaded',
    to: null,
    policy_version: 1,
    candidates: [],
    ...given,
  })
  const nameOf = (id: string) => (id === 'lina' ? '李娜' : id)

  it.each<[Partial<Decision>, string]>([
    [{}, 'customer.decided.assigned 李娜 customer.rule.least_loaded'],
    [{ rule: null }, 'customer.decided.assigned_plainly 李娜 '],
    [{ agent_id: null }, 'customer.decided.nobody customer.rule.least_loaded'],
    [{ kind: 'offered', agent_id: 'wang' }, 'customer.decided.offered wang customer.rule.least_loaded'],
    [{ kind: 'routed', rule: 'VIP', to: 'group:vip:gold' }, 'customer.decided.routed VIP customer.where.group vip:gold'],
    [{ kind: 'routed', rule: 'VIP', to: 'agent:lina' }, 'customer.decided.routed VIP 李娜'],
    [{ kind: 'routed', rule: 'nobody_online', to: 'official' }, 'customer.decided.fell_back customer.when.nobody_online customer.where.official'],
  ])('%o', (given, words) => {
    expect(decisionWords(decision(given), nameOf, t)).toBe(words)
  })

  it('names who could have had it, and how busy they were', () => {
    const candidates = [
      { agent_id: 'lina', load: 1, capacity: 5 },
      { agent_id: 'wang', load: 4, capacity: 5 },
    ]
    expect(candidateWords(decision({ candidates }), nameOf, t)).toBe('李娜 1/5customer.andwang 4/5')
  })

  it('is told of the session at hand, the others are counted', () => {
    const parted = ofSession([decision({ session: 's0' }), decision({}), decision({ rule: 'wanted' })], 's1')
    expect([parted.own.length, parted.others]).toEqual([2, 1])
  })
})

describe('a rating', () => {
  it('is as many stars as the customer gave', () => {
    expect([starsOf(5), starsOf(1), starsOf(0), starsOf(6), starsOf(Number.NaN)]).toEqual(['★★★★★', '★☆☆☆☆', '', '', ''])
  })

  it('may have been asked for in vain, or not at all', () => {
    expect(ratedWords({ state: 'answered', score: 4, at: at(0) }, t)).toBe('customer.rated.answered 4')
    expect(ratedWords({ state: 'not_asked', score: null, at: at(0) }, t)).toBe('customer.rated.not_asked')
    expect(ratedWords(null, t)).toBe('')
  })
})

it('offers the usual times for becoming away, and the one that is set', () => {
  expect(awayChoices(null, t).map((choice) => choice.seconds)).toEqual([null, 900, 1800, 3600])
  expect(awayChoices(1200, t).map((choice) => choice.seconds)).toEqual([null, 900, 1200, 1800, 3600])
})
