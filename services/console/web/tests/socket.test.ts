// @vitest-environment happy-dom
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'

import { LiveSocket } from '@/live/socket'

/** The browser's WebSocket, with both ends in the test's hands. */
class Wire {
  static readonly OPEN = 1
  static all: Wire[] = []
  static get last(): Wire {
    const last = Wire.all.at(-1)
    if (!last) throw new Error('no socket was opened')
    return last
  }

  readyState = 0
  readonly sent: unknown[] = []
  onopen: (() => void) | null = null
  onmessage: ((event: { data: string }) => void) | null = null
  onclose: ((event: { code: number }) => void) | null = null

  constructor(readonly address: string) {
    Wire.all.push(this)
  }

  send(text: string): void {
    this.sent.push(JSON.parse(text))
  }

  close(): void {
    if (this.readyState < 2) this.end(1000)
  }

  open(): void {
    this.readyState = Wire.OPEN
    this.onopen?.()
  }

  tell(frame: object): void {
    this.onmessage?.({ data: JSON.stringify(frame) })
  }

  end(code: number): void {
    this.readyState = 3
    this.onclose?.({ code })
  }

  /** Up, and told everything. */
  live(cursor = 'c1'): void {
    this.open()
    this.tell({ type: 'ready', cursor })
  }
}

let frames: unknown[] = []
let links: string[] = []
let socket: LiveSocket

beforeEach(() => {
  vi.useFakeTimers()
  vi.stubGlobal('WebSocket', Wire)
  Wire.all = []
  frames = []
  links = []
  // The longest of the spread, so that a wait is a round number.
  socket = new LiveSocket('ws://desk/live', { frame: (frame) => frames.push(frame), link: (link) => links.push(link) }, () => 1)
  socket.start()
})
afterEach(() => {
  socket.stop()
  vi.unstubAllGlobals()
  vi.useRealTimers()
})

describe('the first time', () => {
  it('asks from nowhere, and is live once it is told that it is', () => {
    Wire.last.open()
    expect(Wire.last.sent).toEqual([{ type: 'hello', cursor: null }])
    expect(links).toEqual([])
    Wire.last.tell({ type: 'ready', cursor: 'c1' })
    expect(links).toEqual(['live'])
    expect(frames).toEqual([{ type: 'ready', cursor: 'c1' }])
  })

  it('gives up a server that takes the connection and says nothing', () => {
    Wire.last.open()
    vi.advanceTimersByTime(7_999)
    expect(links).toEqual([])
    vi.advanceTimersByTime(1)
    expect(links).toEqual(['lost'])
  })
})

describe('a connection that breaks', () => {
  it('comes back with the cursor of the last frame that had one', () => {
    Wire.last.live('c1')
    Wire.last.tell({ type: 'message', cursor: 'c2', conversation_id: 'c', message: {} })
    Wire.last.tell({ type: 'presence', agent_id: 'lina', presence: 'away' })
    Wire.last.end(1006)
    expect(links).toEqual(['live', 'lost'])
    vi.advanceTimersByTime(400)
    Wire.last.open()
    expect(Wire.all).toHaveLength(2)
    expect(Wire.last.sent).toEqual([{ type: 'hello', cursor: 'c2' }])
  })

  it('waits twice as long each time, up to ten seconds, and shortly again once it was live', () => {
    const waits: number[] = []
    for (let tries = 0; tries < 8; tries++) {
      Wire.last.end(1006)
      waits.push(untilNext())
    }
    expect(waits).toEqual([400, 800, 1_600, 3_200, 6_400, 10_000, 10_000, 10_000])
    Wire.last.live()
    Wire.last.end(1006)
    expect(untilNext()).toBe(400)
  })

  it('spreads the desks out: nobody waits less than half', () => {
    socket.stop()
    socket = new LiveSocket('ws://desk/live', { frame: () => {}, link: () => {} }, () => 0)
    socket.start()
    Wire.last.end(1012)
    expect(untilNext()).toBe(200)
  })

  it('is tried at once when the network is back, and not twice', () => {
    Wire.last.end(1006)
    socket.hurry()
    expect(Wire.all).toHaveLength(2)
    socket.hurry()
    vi.advanceTimersByTime(20_000)
    expect(Wire.all.filter((one) => one.readyState < 2)).toHaveLength(1)
  })

  it('says nothing more through the socket before it', () => {
    const [old] = Wire.all
    Wire.last.live()
    Wire.last.end(1006)
    vi.advanceTimersByTime(400)
    Wire.last.live('c9')
    const before = frames.length
    old?.tell({ type: 'message', cursor: 'c0' })
    old?.end(1006)
    expect(frames).toHaveLength(before)
    Wire.last.end(1006)
    vi.advanceTimersByTime(400)
    Wire.last.open()
    expect(Wire.last.sent).toEqual([{ type: 'hello', cursor: 'c9' }])
  })
})

describe('a line that has gone silent', () => {
  const pings = () => Wire.last.sent.filter((one) => (one as { type: string }).type === 'ping').length

  it('is asked now and then, and stays while anything comes back', () => {
    Wire.last.live()
    vi.advanceTimersByTime(25_000)
    expect(pings()).toBe(1)
    Wire.last.tell({ type: 'pong' })
    vi.advanceTimersByTime(25_000)
    Wire.last.tell({ type: 'presence', agent_id: 'lina', presence: 'away' })
    vi.advanceTimersByTime(9_000)
    expect([Wire.all.length, pings()]).toEqual([1, 2])
    expect(frames).not.toContainEqual({ type: 'pong' })
  })

  it('is given up where nothing does, and another one is opened at once from where it was', () => {
    Wire.last.live('c7')
    const silent = Wire.last
    silent.close = () => {}
    vi.advanceTimersByTime(35_000)
    expect(links).toEqual(['live', 'lost'])
    vi.advanceTimersByTime(400)
    Wire.last.open()
    expect(Wire.last.sent).toEqual([{ type: 'hello', cursor: 'c7' }])
    silent.tell({ type: 'message', cursor: 'c0' })
    silent.end(1006)
    vi.advanceTimersByTime(20_000)
    expect(frames).toHaveLength(1)
  })

  it('is asked at once when the page is looked at again', () => {
    Wire.last.live()
    socket.hurry()
    expect(pings()).toBe(1)
  })
})

describe('an end that is meant', () => {
  it('is told when the login is over, and not tried again', () => {
    Wire.last.live()
    Wire.last.end(4401)
    expect(links).toEqual(['live', 'ended'])
    vi.advanceTimersByTime(60_000)
    expect(Wire.all).toHaveLength(1)
  })

  it('goes on where it was after the next login', () => {
    Wire.last.live('c5')
    Wire.last.end(4401)
    socket.stop()
    socket.start()
    Wire.last.open()
    expect(Wire.last.sent).toEqual([{ type: 'hello', cursor: 'c5' }])
  })

  it('closes when stopped, quietly, and stays closed', () => {
    Wire.last.live()
    socket.stop()
    expect(Wire.last.readyState).toBe(3)
    socket.hurry()
    vi.advanceTimersByTime(60_000)
    expect(Wire.all).toHaveLength(1)
    expect(links).toEqual(['live'])
  })
})

it('passes on what the agent does only while somebody hears it', () => {
  const typing = { type: 'typing', conversation_id: 'c' } as const
  socket.say(typing)
  expect(Wire.last.sent).toEqual([])
  Wire.last.live()
  socket.say(typing)
  expect(Wire.last.sent).toEqual([{ type: 'hello', cursor: null }, typing])
  Wire.last.end(1006)
  expect(() => socket.say(typing)).not.toThrow()
})

/** Milliseconds until another socket is opened. */
function untilNext(): number {
  const before = Wire.all.length
  for (let ms = 100; ms <= 20_000; ms += 100) {
    vi.advanceTimersByTime(100)
    if (Wire.all.length > before) return ms
  }
  throw new Error('no other socket was opened')
}
