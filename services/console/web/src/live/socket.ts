/** The live socket: it comes back by itself, with the cursor of the last frame it saw, so that nothing is missed. */
import type { Frame } from '@/api/shapes'

/** `connecting`: never been up; `live`: told everything; `lost`: trying to come back; `ended`: the login is over. */
export type Link = 'connecting' | 'live' | 'lost' | 'ended'

export interface Listening {
  frame(frame: Frame): void
  link(link: Link): void
}

const LOGIN_ENDED = 4401
/** What browsers say of a connection that was not closed by either side. */
const GONE = 1006
const FIRST_WAIT_MS = 400
const LONGEST_WAIT_MS = 10_000
const CONNECT_MS = 8_000
/** A network that dies in silence closes no socket: whoever does not answer is taken for gone. */
const PING_MS = 25_000
const ANSWER_MS = 10_000

export class LiveSocket {
  private socket: WebSocket | null = null
  private cursor: string | null = null
  private failures = 0
  private timer: number | undefined
  private pinging: number | undefined
  private unanswered: number | undefined
  private stopped = true

  constructor(
    private readonly address: string,
    private readonly listening: Listening,
    private readonly random: () => number = Math.random,
  ) {}

  start(): void {
    this.stopped = false
    this.open()
  }

  stop(): void {
    this.stopped = true
    window.clearTimeout(this.timer)
    this.rest()
    this.socket?.close()
    this.socket = null
  }

  /** Now rather than after the wait: the network is back, or the page is looked at again. */
  hurry(): void {
    if (this.stopped) return
    if (this.socket) {
      this.ping()
      return
    }
    window.clearTimeout(this.timer)
    this.open()
  }

  say(signal: { type: 'typing' | 'viewing'; conversation_id: string }): void {
    if (this.socket?.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify(signal))
  }

  private open(): void {
    const socket = new WebSocket(this.address)
    this.socket = socket
    const late = window.setTimeout(() => socket.close(), CONNECT_MS)
    socket.onopen = () => socket.send(JSON.stringify({ type: 'hello', cursor: this.cursor }))
    socket.onmessage = (event: MessageEvent<string>) => {
      window.clearTimeout(late)
      if (this.socket === socket) this.take(JSON.parse(event.data) as Frame)
    }
    socket.onclose = (event) => {
      window.clearTimeout(late)
      if (this.socket === socket) this.closed(event.code)
    }
  }

  private take(frame: Frame): void {
    window.clearTimeout(this.unanswered)
    this.unanswered = undefined
    if (frame.type === 'pong') return
    if ('cursor' in frame) this.cursor = frame.cursor
    if (frame.type === 'ready') {
      this.failures = 0
      this.pinging ??= window.setInterval(() => this.ping(), PING_MS)
      this.listening.link('live')
    }
    this.listening.frame(frame)
  }

  /** Anything that comes is an answer. */
  private ping(): void {
    const socket = this.socket
    if (socket?.readyState !== WebSocket.OPEN) return
    socket.send('{"type":"ping"}')
    this.unanswered ??= window.setTimeout(() => this.give(socket), ANSWER_MS)
  }

  /** Closing takes its time where nobody answers: the next one does not wait for it. */
  private give(socket: WebSocket): void {
    if (this.socket !== socket) return
    socket.onmessage = null
    socket.onclose = null
    socket.close()
    this.closed(GONE)
  }

  private rest(): void {
    window.clearInterval(this.pinging)
    window.clearTimeout(this.unanswered)
    this.pinging = undefined
    this.unanswered = undefined
  }

  private closed(code: number): void {
    this.socket = null
    this.rest()
    if (this.stopped) return
    if (code === LOGIN_ENDED) {
      this.listening.link('ended')
      return
    }
    this.listening.link('lost')
    this.timer = window.setTimeout(() => this.open(), this.wait())
  }

  /** Doubling, and spread out: a restarted console must not meet every desk in the same instant. */
  private wait(): number {
    const longest = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** this.failures++)
    return longest * (0.5 + this.random() / 2)
  }
}
