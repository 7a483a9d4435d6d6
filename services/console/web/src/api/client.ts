/** Calls to the console. Every failure is a `Problem` with one of the console's codes, so that pages can put it in words. */

export type ProblemCode =
  | 'login_required'
  | 'forbidden'
  | 'not_yours'
  | 'taken'
  | 'at_capacity'
  | 'window_closed'
  | 'quota_used'
  | 'text_too_long'
  | 'image_invalid'
  | 'too_large'
  | 'not_found'
  | 'conflict'
  | 'invalid'
  | 'rate_limited'
  | 'unavailable'
  | 'unreachable'

export interface ProblemDocument {
  code: ProblemCode
  detail: string
  status: number
  by?: { id: string; name: string | null }
  parts?: number
  limit_bytes?: number
  second_factor?: boolean
  /** What is stored by now, where a change was of an older one. */
  version?: number
  errors?: { where: string; what: string }[]
}

/** A call that was refused, or did not get through (`unreachable`: nobody knows whether it was done). */
export class Problem extends Error {
  constructor(
    readonly document: ProblemDocument,
    readonly retryAfterSeconds: number | null = null,
  ) {
    super(document.detail)
  }

  get code(): ProblemCode {
    return this.document.code
  }

  /** Whether the same call may succeed a little later without anyone changing anything. */
  get passes(): boolean {
    return this.code === 'unreachable' || this.code === 'unavailable' || this.code === 'rate_limited'
  }
}

/** The command was published and is not settled: its outcome comes on the live socket under this id. */
export class Unsettled {
  constructor(readonly commandId: string) {}
}

export interface Asked {
  body?: unknown
  query?: Record<string, string | number | null | undefined>
  /** The same key asks for the same thing once, however often it is sent. */
  key?: string
  signal?: AbortSignal
  /** Let the call outlive the page; for the last word of a page that is being closed. */
  keepalive?: boolean
}

const PREFIX = '/api/v1'

type LoginEnded = () => void
let loginEnded: LoginEnded = () => {}

/** Call this whenever an answer says that the login is over. */
export function onLoginEnded(then: LoginEnded): void {
  loginEnded = then
}

export async function call<Answer>(method: string, path: string, asked: Asked = {}): Promise<Answer> {
  const response = await fetched(PREFIX + path + search(asked.query), request(method, asked))
  if (response.status === 204) return undefined as Answer
  return (await response.json()) as Answer
}

/** A command: its answer, or `Unsettled` where the router takes longer than the console waits. */
export async function command<Answer>(path: string, asked: Asked = {}, method = 'POST'): Promise<Answer | Unsettled> {
  const response = await fetched(PREFIX + path, request(method, asked))
  const answer: unknown = await response.json()
  if (response.status === 202) return new Unsettled((answer as { command_id: string }).command_id)
  return answer as Answer
}

export const get = <Answer>(path: string, query: Asked['query'] = {}, signal?: AbortSignal) =>
  call<Answer>('GET', path, signal ? { query, signal } : { query })
export const post = <Answer>(path: string, body: unknown = {}) => call<Answer>('POST', path, { body })
export const put = <Answer>(path: string, body: unknown = {}) => call<Answer>('PUT', path, { body })
export const patch = <Answer>(path: string, body: unknown = {}) => call<Answer>('PATCH', path, { body })
export const remove = <Answer>(path: string) => call<Answer>('DELETE', path)

/** Upload one picture; `signal` stops it. */
export async function upload<Answer>(file: Blob, name: string, signal?: AbortSignal): Promise<Answer> {
  const form = new FormData()
  form.append('file', file, name)
  const init: RequestInit = { method: 'POST', body: form, headers: { 'X-Wxdesk': '1' }, credentials: 'same-origin' }
  if (signal) init.signal = signal
  return (await (await fetched(`${PREFIX}/media`, init)).json()) as Answer
}

export function mediaAddress(mediaId: string): string {
  return `${PREFIX}/media/${encodeURIComponent(mediaId)}`
}

function request(method: string, asked: Asked): RequestInit {
  const headers: Record<string, string> = { 'X-Wxdesk': '1' }
  const init: RequestInit = { method, headers, credentials: 'same-origin' }
  if (asked.body !== undefined) {
    headers['Content-Type'] = 'application/json'
    init.body = JSON.stringify(asked.body)
  }
  if (asked.key) headers['Idempotency-Key'] = asked.key
  if (asked.signal) init.signal = asked.signal
  if (asked.keepalive) init.keepalive = true
  return init
}

function search(query: Asked['query']): string {
  const given = Object.entries(query ?? {}).filter(([, value]) => value !== null && value !== undefined && value !== '')
  return given.length ? `?${new URLSearchParams(given.map(([name, value]) => [name, String(value)]))}` : ''
}

/** Counts logins: a refusal that was asked for before the last one says nothing of the login there is now. */
let logins = 0

async function fetched(address: string, init: RequestInit): Promise<Response> {
  const isLogin = address === `${PREFIX}/login`
  const before = logins
  let response: Response
  try {
    response = await fetch(address, init)
  } catch (failure) {
    if (init.signal?.aborted) throw failure
    throw new Problem({ code: 'unreachable', detail: 'The console does not answer.', status: 0 })
  }
  if (response.ok && isLogin) logins += 1
  if (response.ok) return response
  const problem = await problemOf(response)
  if (problem.code === 'login_required' && !isLogin && before === logins) loginEnded()
  throw problem
}

async function problemOf(response: Response): Promise<Problem> {
  const retry = Number(response.headers.get('Retry-After')) || null
  if (response.headers.get('Content-Type')?.startsWith('application/problem+json')) {
    return new Problem((await response.json()) as ProblemDocument, retry)
  }
  // A proxy in front answered instead of the console.
  const code = response.status === 413 ? 'too_large' : 'unavailable'
  return new Problem({ code, detail: response.statusText, status: response.status }, retry)
}
