// @vitest-environment happy-dom
import { afterEach, beforeEach, expect, it, vi } from 'vitest'

import { Problem, get, onLoginEnded, post } from '@/api/client'

type Give = (response: Response) => void

/** The browser's fetch: each question waits for its answer. */
let asked: { address: string; give: Give }[] = []
const ended = vi.fn()

const answer = (status: number, body: object): Response =>
  new Response(JSON.stringify(body), { status, headers: { 'Content-Type': status < 400 ? 'application/json' : 'application/problem+json' } })
const refused = () => answer(401, { code: 'login_required', detail: '', status: 401 })

beforeEach(() => {
  asked = []
  ended.mockReset()
  onLoginEnded(ended)
  vi.stubGlobal('fetch', (address: string) => new Promise<Response>((give) => asked.push({ address, give })))
})
afterEach(() => vi.unstubAllGlobals())

it('tells that the login has ended', async () => {
  const question = get('/me')
  asked[0]?.give(refused())
  await expect(question).rejects.toThrow(Problem)
  expect(ended).toHaveBeenCalledOnce()
})

it('does not take a wrong password for the end of a login', async () => {
  const question = post('/login', {})
  asked[0]?.give(refused())
  await expect(question).rejects.toThrow(Problem)
  expect(ended).not.toHaveBeenCalled()
})

it('does not believe a refusal of what was asked before the last login', async () => {
  const late = get('/conversations')
  const login = post('/login', {})
  asked[1]?.give(answer(200, {}))
  await login
  asked[0]?.give(refused())
  await expect(late).rejects.toThrow(Problem)
  expect(ended).not.toHaveBeenCalled()
  const next = get('/me')
  asked[2]?.give(refused())
  await expect(next).rejects.toThrow(Problem)
  expect(ended).toHaveBeenCalledOnce()
})
