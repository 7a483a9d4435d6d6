/** What the bot would answer, by the rules of services/bot/rules.py and shared/conversation/policy.py. Pure. */
import type { AppSettings, KeywordRule } from '@/api/shapes'

export type Rules = Pick<AppSettings, 'welcome' | 'keyword_rules' | 'hand_off_words' | 'unmatched'>

export interface Answer {
  readonly reason: 'welcome' | 'customer_asked' | 'keyword' | 'unmatched'
  readonly reply: string | null
  readonly handOff: boolean
  /** Which rule answered, and the word of it (or of the hand-off words) that was found; null: none. */
  readonly rule: number | null
  readonly word: string | null
}

/** White space as the server knows it. */
const SPACE = /[\t-\r\x1c-\x1f \x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+/gu

/** Words as they are compared: no case, no white space. */
export function normal(text: string): string {
  return [...text.replace(SPACE, '')].map(folded).join('')
}

/** Null: the customer has just entered. */
export function answerTo(rules: Rules, text: string | null): Answer {
  if (text === null) return { reason: 'welcome', reply: rules.welcome, handOff: false, rule: null, word: null }
  const said = normal(text)
  const asked = rules.hand_off_words.find((word) => said.includes(normal(word)))
  if (asked !== undefined) return { reason: 'customer_asked', reply: null, handOff: true, rule: null, word: asked }
  for (const [place, rule] of rules.keyword_rules.entries()) {
    const word = foundIn(rule, said)
    if (word !== undefined) return { reason: 'keyword', reply: rule.reply, handOff: rule.hand_off, rule: place, word }
  }
  return { reason: 'unmatched', reply: rules.unmatched.reply, handOff: rules.unmatched.hand_off, rule: null, word: null }
}

/** The earlier rule (or the hand-off words) that takes everything this rule could answer; null: it has its turn. */
export function takenBy(rules: Rules, place: number): number | 'hand_off' | null {
  const words = rules.keyword_rules[place]?.words.map(normal) ?? []
  if (words.length === 0) return null
  const asked = rules.hand_off_words.map(normal)
  if (words.every((word) => asked.some((other) => word.includes(other)))) return 'hand_off'
  const before = rules.keyword_rules.slice(0, place)
  const first = before.findIndex((rule) => words.every((word) => takes(rule, rules.keyword_rules[place]?.match, word)))
  return first === -1 ? null : first
}

function foundIn(rule: KeywordRule, said: string): string | undefined {
  return rule.words.find((word) => (rule.match === 'equals' ? said === normal(word) : said.includes(normal(word))))
}

function takes(earlier: KeywordRule, match: KeywordRule['match'] | undefined, word: string): boolean {
  if (earlier.match === 'contains') return earlier.words.some((other) => word.includes(normal(other)))
  return match === 'equals' && earlier.words.some((other) => word === normal(other))
}

/** Letters that differ only in case become the same: ß is ss, and ı stays the letter of its own that it is. */
function folded(letter: string): string {
  return letter === 'ı' ? letter : letter.toLowerCase().toUpperCase().toLowerCase()
}
