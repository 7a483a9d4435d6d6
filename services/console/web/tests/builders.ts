import type { AppSummary, Bridge, Bridging, Colleague, Conversation, Message, Quota, Session } from '@/api/shapes'

/** A conversation of which only what a test is about need be said. */
export function conversation(given: Partial<Conversation> & { session?: Session | null } = {}): Conversation {
  return {
    id: 'c1',
    version: 1,
    app: { id: 'wx1', name: '花店' },
    customer: { id: 'oAbCdEfGhIj', name: null, source: null, profile: [] },
    last_seq: 1,
    preview: null,
    unread: 0,
    updated_at: '2026-11-22T10:00:00Z',
    session: null,
    quota: null,
    tags: [],
    held: 0,
    blocked: false,
    limited: false,
    ...given,
  } as Conversation
}

export function session(given: Partial<Session> = {}): Session {
  return {
    id: 's1',
    state: 'waiting',
    responder: null,
    rule: null,
    group: null,
    wanted: null,
    first: false,
    offer: null,
    attention: null,
    to_official: false,
    bridging: null,
    waiting_since: null,
    answer_by: null,
    unanswered_since: null,
    opened_at: '2026-11-22T09:00:00Z',
    closed_at: null,
    reason: null,
    rated: null,
    ...given,
  }
}

/** Held by an agent. */
export function served(by: string, name = by, given: Partial<Session> = {}): Session {
  return session({ state: 'agent', responder: { kind: 'agent', id: by, name }, ...given })
}

/** With a vendor; by default with one of its people. */
export function bridging(given: Partial<Bridging> = {}): Bridging {
  return { account: 'main', vendor: 'qiyu', vendor_name: '七鱼', standing: 'person', staff: '小王', ahead: null, shows_replies: true, since: '2026-11-22T09:00:00Z', kept: 0, given: 0, ...given }
}

/** Its session. */
export function bridged(stay: Partial<Bridging> = {}, given: Partial<Session> = {}): Session {
  const made = bridging(stay)
  return session({ state: 'vendor', responder: { kind: 'vendor', id: made.account, name: made.vendor_name }, bridging: made, ...given })
}

export function bridge(account: string, given: Partial<Bridge> = {}): Bridge {
  return { account, vendor: 'qiyu', name: account, down: false, shows_replies: true, ...given }
}

export function offer(to: string, until: string, name = to): NonNullable<Session['offer']> {
  return { agent: { kind: 'agent', id: to, name }, until }
}

export function quota(given: Partial<Quota> = {}): Quota {
  return { remaining: 5, grant: 'message', deadline: '2026-11-24T10:00:00Z', at_most: false, ...given }
}

export function message(seq: number, given: Partial<Message> = {}): Message {
  return {
    id: `m${seq}`,
    seq,
    revision: seq,
    session_id: 's1',
    direction: 'inbound',
    from: { kind: 'customer', id: null, name: null },
    type: 'text',
    text: `第 ${seq} 条`,
    image: null,
    card: null,
    link: null,
    event: null,
    at: '2026-11-22T10:00:00Z',
    client_id: null,
    resend_of: null,
    delivery: null,
    ...given,
  }
}

export function colleague(id: string, given: Partial<Colleague> = {}): Colleague {
  return { id, name: id, role: 'agent', groups: [], presence: 'online', capacity: 5, load: 0, auto_accept: true, away_after_seconds: null, enabled: true, second_factor: false, ...given }
}

export function app(given: Partial<AppSummary> = {}): AppSummary {
  return { id: 'wx1', name: '花店', enabled: true, mode: 'secure', verified_at: null, groups: [], official: false, readable: true, ...given }
}

/** Words as their keys, with what was put into them: enough to see which were chosen. */
export function t(key: string, values?: Record<string, unknown>): string {
  return values ? `${key} ${Object.values(values).join(' ')}` : key
}
