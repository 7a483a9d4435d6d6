import { describe, expect, it } from 'vitest'

import { hrefOf, stretches } from '@/desk/conversation/links'

const found = (text: string) => stretches(text).filter((part) => part.href).map((part) => part.text)

describe('addresses in a text', () => {
  it('are found between Chinese words and punctuation', () => {
    expect(found('请看https://example.com/a?b=1，谢谢')).toEqual(['https://example.com/a?b=1'])
    expect(found('（https://example.com/路）')).toEqual(['https://example.com/'])
  })

  it('end before the full stop of their sentence and a bracket opened before them', () => {
    expect(found('See https://example.com/a.')).toEqual(['https://example.com/a'])
    expect(found('(see http://example.com/a_(b))')).toEqual(['http://example.com/a_(b)'])
    expect(found('https://example.com/a...')).toEqual(['https://example.com/a'])
  })

  it('are only those of the web', () => {
    for (const text of ['javascript:alert(1)', 'data:text/html,x', 'file:///etc/passwd', 'ftp://example.com', 'weixin://x', 'https://']) {
      expect(found(text)).toEqual([])
      expect(hrefOf(text)).toBeNull()
    }
  })

  it('never take markup with them', () => {
    expect(found('<a href="https://example.com/x">here</a>')).toEqual(['https://example.com/x'])
    expect(found('<img src=x onerror=alert(1)>')).toEqual([])
  })

  it('lose nothing of the text', () => {
    for (const text of ['', 'no address', 'a https://a.b/c, d http://e.f/. g', '\n https://x.y \n']) {
      expect(stretches(text).map((part) => part.text).join('')).toBe(text)
    }
  })

  it('may be very long', () => {
    const address = `https://example.com/${'a'.repeat(5000)}`
    expect(found(`x ${address} y`)).toEqual([address])
  })
})
