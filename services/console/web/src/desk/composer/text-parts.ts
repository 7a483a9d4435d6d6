/** A text's size as WeChat counts it, and how many messages it becomes: the rule of shared/wechat/text_parts.py. Pure. */

/** WeChat refuses a longer text. */
export const LIMIT_BYTES = 2048
/** From here on the size is worth showing. */
export const SHOWN_FROM_BYTES = 1800
/** WeChat takes no more messages than this without the customer writing again. */
export const MOST_PARTS = 5

const encoder = new TextEncoder()
/** What must not be cut: a link shown as its words, WeChat's own stickers such as [微笑], a line's end. */
const TOGETHER = /<a\s[^>]{0,1024}>[^]{0,512}?<\/a>|\[[^[\]\s]{1,8}\]|\r\n/gu
/** Where to cut, best first: after a line, a sentence, a word. */
const PAUSES = ['\n', '。！？!?…；;', ' \t\u3000，,、']

export function bytesOf(text: string): number {
  return encoder.encode(text).length
}

/** Texts of at most `limit` bytes that say the same; none if there is nothing but space. */
export function textParts(text: string, limit = LIMIT_BYTES): string[] {
  if (bytesOf(text) <= limit) return text.trim() ? [text] : []
  const parts: string[] = []
  let rest = pieces(text, limit)
  while (rest.length) {
    const cut = place(rest, limit)
    parts.push(rest.slice(0, cut).join('').trim())
    rest = rest.slice(cut)
  }
  return parts.filter(Boolean)
}

function place(rest: readonly string[], limit: number): number {
  let size = 0
  let fitting = 0
  for (const piece of rest) {
    size += bytesOf(piece)
    if (size > limit) break
    fitting += 1
  }
  if (fitting === rest.length) return fitting
  for (const pauses of PAUSES) {
    for (let count = fitting; count > Math.floor(fitting / 2); count--) {
      if (pauses.includes([...(rest[count - 1] ?? '')].at(-1) ?? '\0')) return count
    }
  }
  return fitting
}

function pieces(text: string, limit: number): string[] {
  const found: string[] = []
  let done = 0
  for (const whole of text.matchAll(TOGETHER)) {
    found.push(...characters(text.slice(done, whole.index), limit))
    found.push(...(bytesOf(whole[0]) <= limit ? [whole[0]] : characters(whole[0], limit)))
    done = whole.index + whole[0].length
  }
  return [...found, ...characters(text.slice(done), limit)]
}

function characters(text: string, limit: number): string[] {
  const found: string[] = []
  let seen = ''
  const keep = () => found.push(...(bytesOf(seen) <= limit ? [seen] : seen))
  for (const point of text) {
    if (seen && !extend(seen, point)) {
      keep()
      seen = ''
    }
    seen += point
  }
  if (seen) keep()
  return found
}

const JOINER = '\u200d'
const EXTENDING = /^[\p{M}\u{1F3FB}-\u{1F3FF}\u{E0020}-\u{E007F}]$/u
const REGIONAL = /^[\u{1F1E6}-\u{1F1FF}]$/u

/** Whether `point` shows as one character with what is before it. */
function extend(seen: string, point: string): boolean {
  return point === JOINER || seen.endsWith(JOINER) || EXTENDING.test(point) || (REGIONAL.test(seen) && REGIONAL.test(point))
}
