// @vitest-environment happy-dom
import { createPinia, setActivePinia } from 'pinia'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'

import type { Message } from '@/api/shapes'
import { useOutbox } from '@/stores/outbox'
import { message } from './builders'

interface Asked {
  path: string
  body: Record<string, unknown>
}
type Answer = () => Promise<Response>

const json = (status: number, body: object, headers: Record<string, string> = {}): Answer => {
  const type = status < 400 ? 'application/json' : 'application/problem+json'
  return () => Promise.resolve(new Response(JSON.stringify(body), { status, headers: { 'Content-Type': type, ...headers } }))
}
const problem = (status: number, code: string, headers: Record<string, string> = {}): Answer => json(status, { code, detail: code, status }, headers)
const lost: Answer = () => Promise.reject(new TypeError('Failed to fetch'))
const taken = (clientId?: string): Answer => json(201, { items: [message(7, { direction: 'outbound', client_id: clientId ?? null })] as Message[] })

/** The browser's fetch: what was asked, and the answers in the order in which they are given. */
const asked: Asked[] = []
let answers: Answer[] = []

beforeEach(() => {
  vi.useFakeTimers()
  setActivePinia(createPinia())
  asked.length = 0
  answers = []
  vi.stubGlobal('fetch', (address: string, init: RequestInit) => {
    const body = typeof init.body === 'string' ? (JSON.parse(init.body) as Record<string, unknown>) : {}
    asked.push({ path: address.replace('/api/v1', ''), body })
    return (answers.shift() ?? taken())()
  })
})
afterEach(() => {
  vi.unstubAllGlobals()
  vi.useRealTimers()
})

const settled = () => vi.advanceTimersByTimeAsync(0)
const words = (text: string) => ({ type: 'text', text }) as const
const ids = () => asked.map((one) => one.body.client_id)

describe('a message on its way', () => {
  it('is shown at once, asked for once, and gone when it stands in the history', async () => {
    const outbox = useOutbox()
    outbox.send('c1', words('您好'))
    expect(outbox.of('c1')).toMatchObject([{ state: 'sending', reply: { text: '您好' } }])
    expect(outbox.of('c2')).toEqual([])
    await settled()
    expect(asked).toMatchObject([{ path: '/conversations/c1/messages', body: { type: 'text', text: '您好', if_closed: 'refuse' } }])
    expect(outbox.of('c1')).toEqual([])
  })

  it('is asked for again under the same name when the answer was lost', async () => {
    const outbox = useOutbox()
    answers = [lost, lost]
    outbox.send('c1', words('您好'))
    await vi.advanceTimersByTimeAsync(499)
    expect(asked).toHaveLength(1)
    await vi.advanceTimersByTimeAsync(1)
    expect(asked).toHaveLength(2)
    expect(outbox.of('c1')).toMatchObject([{ state: 'sending' }])
    await vi.advanceTimersByTimeAsync(1_000)
    expect(asked).toHaveLength(3)
    expect(new Set(ids()).size).toBe(1)
    expect(outbox.of('c1')).toEqual([])
  })

  it('waits as long as a busy server asks', async () => {
    const outbox = useOutbox()
    answers = [problem(503, 'unavailable', { 'Retry-After': '3' })]
    outbox.send('c1', words('您好'))
    await vi.advanceTimersByTimeAsync(2_999)
    expect(asked).toHaveLength(1)
    await vi.advanceTimersByTimeAsync(1)
    expect(asked).toHaveLength(2)
  })

  it('waits for the next login', async () => {
    const outbox = useOutbox()
    answers = [problem(401, 'login_required'), problem(401, 'login_required')]
    outbox.send('c1', words('您好'))
    await vi.advanceTimersByTimeAsync(2_000)
    expect(asked).toHaveLength(3)
    expect(new Set(ids()).size).toBe(1)
    expect(outbox.of('c1')).toEqual([])
  })

  it('is not asked for again once the live socket has told it', async () => {
    const outbox = useOutbox()
    answers = [lost]
    outbox.send('c1', words('您好'))
    await settled()
    outbox.settle(message(7, { client_id: String(ids()[0]) }))
    expect(outbox.of('c1')).toEqual([])
    await vi.advanceTimersByTimeAsync(60_000)
    expect(asked).toHaveLength(1)
  })
})

describe('a refusal', () => {
  it('stays with its reason, and may be sent anew to wait for the customer', async () => {
    const outbox = useOutbox()
    answers = [problem(409, 'quota_used')]
    outbox.send('c1', words('您好'))
    await settled()
    const [failed] = outbox.of('c1')
    expect(failed).toMatchObject({ state: 'failed', problem: { code: 'quota_used' } })
    outbox.again(failed?.key ?? '', true)
    await settled()
    expect(asked[1]?.body).toMatchObject({ text: '您好', if_closed: 'hold' })
    expect(new Set(ids()).size).toBe(2)
    expect(outbox.of('c1')).toEqual([])
  })

  it('is never asked for again by itself, and holds up nobody behind it', async () => {
    const outbox = useOutbox()
    answers = [problem(409, 'not_yours')]
    outbox.send('c1', words('一'))
    outbox.send('c1', words('二'))
    await vi.advanceTimersByTimeAsync(60_000)
    expect(asked.map((one) => one.body.text)).toEqual(['一', '二'])
    expect(outbox.of('c1')).toMatchObject([{ state: 'failed', reply: { text: '一' } }])
    outbox.drop(outbox.of('c1')[0]?.key ?? '')
    expect(outbox.of('c1')).toEqual([])
  })

  it('is also what an answer no program understands comes to', async () => {
    const outbox = useOutbox()
    answers = [() => Promise.resolve(new Response('<html>', { status: 200 }))]
    outbox.send('c1', words('一'))
    await settled()
    expect(outbox.of('c1')).toMatchObject([{ state: 'failed', problem: { code: 'invalid' } }])
  })
})

describe('the order', () => {
  it('is that of sending within a conversation, and no conversation waits for another', async () => {
    const outbox = useOutbox()
    answers = [lost]
    outbox.send('c1', words('一'))
    outbox.send('c1', words('二'))
    outbox.send('c2', words('三'))
    await settled()
    expect(asked.map((one) => one.body.text)).toEqual(['一', '三'])
    await vi.advanceTimersByTimeAsync(500)
    expect(asked.map((one) => one.body.text)).toEqual(['一', '三', '一', '二'])
  })
})

describe('a command that is not settled yet', () => {
  it('stays on its way until its end is told', async () => {
    const outbox = useOutbox()
    answers = [json(202, { command_id: 'k1' }), json(202, { command_id: 'k2' })]
    outbox.send('c1', words('一'))
    outbox.send('c1', words('二'))
    await settled()
    expect(outbox.of('c1')).toMatchObject([{ state: 'sending' }, { state: 'sending' }])
    outbox.settleCommand('k1', { code: 'window_closed', detail: '', status: 409 })
    expect(outbox.of('c1')).toMatchObject([{ state: 'failed', problem: { code: 'window_closed' } }, { state: 'sending' }])
    outbox.settleCommand('k2', null)
    outbox.settleCommand('of another page', null)
    await settled()
    expect(outbox.of('c1')).toHaveLength(1)
  })
})

describe('a picture', () => {
  const file = () => ({ blob: new Blob(['x'], { type: 'image/png' }), name: 'a.png', preview: 'blob:a' })

  beforeEach(() => {
    vi.spyOn(URL, 'revokeObjectURL').mockImplementation(() => {})
  })

  it('goes up once, however often its message is asked for', async () => {
    const outbox = useOutbox()
    answers = [json(201, { media_id: 'p1' }), lost]
    outbox.send('c1', { type: 'image', image: { media_id: '' } }, { file: file() })
    await vi.advanceTimersByTimeAsync(500)
    expect(asked.map((one) => one.path)).toEqual(['/media', '/conversations/c1/messages', '/conversations/c1/messages'])
    expect(asked[2]?.body).toMatchObject({ type: 'image', image: { media_id: 'p1' } })
    expect(outbox.of('c1')).toEqual([])
  })

  it('that the server does not take is told, and can be tried again with the same file', async () => {
    const outbox = useOutbox()
    answers = [problem(422, 'image_invalid'), json(201, { media_id: 'p2' })]
    outbox.send('c1', { type: 'image', image: { media_id: '' } }, { file: file() })
    await settled()
    const [failed] = outbox.of('c1')
    expect(failed).toMatchObject({ state: 'failed', problem: { code: 'image_invalid' } })
    expect(URL.revokeObjectURL).not.toHaveBeenCalled()
    outbox.again(failed?.key ?? '', false)
    await settled()
    expect(asked.at(-1)?.body).toMatchObject({ image: { media_id: 'p2' } })
  })

  it('is let go of by the browser when its message is gone', async () => {
    const outbox = useOutbox()
    answers = [json(201, { media_id: 'p1' })]
    outbox.send('c1', { type: 'image', image: { media_id: '' } }, { file: file() })
    await settled()
    expect(outbox.of('c1')).toEqual([])
    expect(URL.revokeObjectURL).toHaveBeenCalledWith('blob:a')
  })
})

it('forgets everything when its agent leaves', async () => {
  const outbox = useOutbox()
  answers = [lost]
  outbox.send('c1', words('一'))
  await settled()
  outbox.clear()
  await vi.advanceTimersByTimeAsync(60_000)
  expect(asked).toHaveLength(1)
})
