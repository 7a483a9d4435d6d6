/** What WeChat gives an app, checked as it is typed; and values of our own choosing. Pure, but for the chance in those. */

export const KEY_LENGTH = 43
const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789'

export const isAppId = (text: string): boolean => /^wx[0-9a-f]{16}$/.test(text)
export const isGhId = (text: string): boolean => /^gh_[A-Za-z0-9_]{1,61}$/.test(text)
export const isKey = (text: string): boolean => /^[A-Za-z0-9]{43}$/.test(text)
export const isWord = (text: string): boolean => /^[\x21-\x7e]{1,256}$/.test(text)
/** WeChat asks 3 to 32 letters and digits of a Token. */
export const isToken = (text: string): boolean => /^[A-Za-z0-9]{3,32}$/.test(text)

export type KeyState = 'empty' | 'letters' | 'short' | 'long' | 'right'

export function keyState(text: string): KeyState {
  if (text === '') return 'empty'
  if (!/^[A-Za-z0-9]*$/.test(text)) return 'letters'
  if (text.length === KEY_LENGTH) return 'right'
  return text.length < KEY_LENGTH ? 'short' : 'long'
}

/** Letters and digits by chance, each as likely as the others. */
export function made(length: number, chance: (count: number) => Uint8Array): string {
  let text = ''
  while (text.length < length) {
    const fair = [...chance(length)].filter((byte) => byte < 248)
    text += fair.map((byte) => LETTERS[byte % LETTERS.length]).join('')
  }
  return text.slice(0, length)
}

export const browserChance = (count: number): Uint8Array => crypto.getRandomValues(new Uint8Array(count))
