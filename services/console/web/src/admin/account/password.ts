/** How good a new password is, as far as can be told without a list of the common ones. Pure. */

export const SHORTEST = 10
const FEWEST_DIFFERENT = 6
const ROWS = ['0123456789012345', 'abcdefghijklmnopqrstuvwxyz', 'qwertyuiopasdfghjklzxcvbnm', '1qaz2wsx3edc4rfv5tgb6yhn']
const RUN = 6

export type Strength = 'short' | 'login' | 'guessable' | 'fair' | 'strong'

/** `short` and `login` are refused; `guessable` is only advised against. */
export function strengthOf(password: string, login: string): Strength {
  const length = [...password].length
  if (length < SHORTEST) return 'short'
  const plain = password.toLowerCase()
  if (plain === login.toLowerCase()) return 'login'
  if (new Set(plain).size < FEWEST_DIFFERENT || plain.includes(login.toLowerCase()) || followsRow(plain) || repeats(plain)) return 'guessable'
  return length >= 16 || kinds(password) >= 3 ? 'strong' : 'fair'
}

function followsRow(plain: string): boolean {
  const rows = ROWS.flatMap((row) => [row, [...row].reverse().join('')])
  for (let at = 0; at + RUN <= plain.length; at++) {
    const run = plain.slice(at, at + RUN)
    if (rows.some((row) => row.includes(run))) return true
  }
  return false
}

/** The same few characters over and over. */
function repeats(plain: string): boolean {
  return /^(.{1,5})\1+.{0,4}$/s.test(plain)
}

function kinds(password: string): number {
  return [/\p{Ll}/u, /\p{Lu}/u, /\p{N}/u, /[^\p{L}\p{N}]/u].filter((kind) => kind.test(password)).length
}
