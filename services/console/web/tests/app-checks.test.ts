/** The console's sentences are its own: were they to change, their words here would be lost, so they are looked for in its source. */
import { readFileSync } from 'node:fs'

import { describe, expect, it } from 'vitest'

import { adviceSaid, foundSaid, withoutApp } from '@/admin/apps/checks'
import { apps } from '@/i18n/zh/apps'

const ID = 'wx0123456789abcdef'
const CHECKS = new URL('../../administering/checks/', import.meta.url)
const CONSOLE = ['wechat.py', 'one_app.py', '../../api/app_tests.py'].map((name) => readFileSync(new URL(name, CHECKS), 'utf8')).join('\n')

/** Each as the console would say it, with its own braces filled in. */
const SENTENCES: readonly [RegExp, string][] = [
  [/"\{app\.app_id\}: ([^"]+)"/g, 'found'],
  [/"\{app_id\}: ([^"]+)"/g, 'found'],
]
const filled = (text: string) =>
  text
    .replace(/\{issued[^}]*\}|\{days\}|\{response\.status\}/g, '200')
    .replace(/\{failure\.code\}/g, '40164')
    .replace(/\{type\(failure\)\.__name__\}/g, 'TimeoutError')
    .replace(/\{at\}/g, '2026-11-22 10:00:00Z')
    .replace(/\{place\}/g, "").replace(/\{[^}]*\}/g, 'https://x')

const found = SENTENCES.flatMap(([pattern]) => [...CONSOLE.matchAll(pattern)].map((hit) => filled(hit[1] ?? '')))

describe('what a test found', () => {
  it('is read off the console’s source', () => {
    expect(found.length).toBeGreaterThan(12)
  })

  it.each(found)('%s', (sentence) => {
    const said = foundSaid(`${ID}: ${sentence}`, ID)
    expect(said).not.toBe(null)
    expect(apps.test.found).toHaveProperty(said?.key ?? '')
  })

  it('keeps its values', () => {
    expect(foundSaid(`${ID}: WeChat gives no token: invalid ip 1.2.3.4 (hint) (40164)`, ID)).toEqual({ key: 'no_token', values: { reason: 'invalid ip 1.2.3.4 (hint)', code: '40164' } })
    expect(foundSaid(`${ID} is disabled: its pushes are refused and nothing is sent`, ID)?.key).toBe('disabled')
  })

  it('is shown as it came where it is not known', () => {
    expect(foundSaid(`${ID}: something new`, ID)).toBe(null)
    expect(withoutApp(`${ID}: something new`, ID)).toBe('something new')
  })
})

describe('its advice', () => {
  it.each([
    ['add 1.2.3.4 at mp.weixin.qq.com, 开发管理 → 开发设置 → IP白名单; the sender\'s too', 'whitelist', { address: '1.2.3.4' }],
    ['add this server\'s address at mp.weixin.qq.com, 开发管理', 'whitelist_own', {}],
    ['try again later', 'later', {}],
  ])('%s', (advice, key, values) => {
    expect(adviceSaid(advice)).toEqual({ key, values })
    expect(apps.test.advice).toHaveProperty(key)
  })
})
