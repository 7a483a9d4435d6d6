/** What the mini program put into the button's `session-from`: whatever its authors liked, so read leniently. Pure. */

export interface SourceField {
  /** Null: the text has no names in it. */
  readonly name: string | null
  readonly value: string
}

/** Pairs of a JSON object, of a query (`a=1&b=2`), or of `name:value` lists; else the text as it is. */
export function readSource(source: string): SourceField[] {
  const text = source.trim()
  if (!text) return []
  return fromJson(text) ?? fromQuery(text) ?? fromPairs(text) ?? [{ name: null, value: text }]
}

/** The same in one short line: its values, which is what an agent looks for. */
export function sourceLine(source: string): string {
  return readSource(source)
    .map((field) => field.value)
    .filter(Boolean)
    .join(' · ')
}

function fromJson(text: string): SourceField[] | null {
  if (!text.startsWith('{')) return null
  try {
    const told: unknown = JSON.parse(text)
    if (typeof told !== 'object' || told === null) return null
    return Object.entries(told).map(([name, value]) => ({ name, value: plain(value) }))
  } catch {
    return null
  }
}

function fromQuery(text: string): SourceField[] | null {
  const query = text.includes('?') ? text.slice(text.indexOf('?') + 1) : text
  if (!/^[^=&\s]+=[^&]*(&[^=&\s]+=[^&]*)*$/.test(query)) return null
  const page = text.includes('?') ? [{ name: null, value: text.slice(0, text.indexOf('?')) }] : []
  return [...page, ...query.split('&').map(pair('='))]
}

function fromPairs(text: string): SourceField[] | null {
  const parts = text.split(/[,;|，；]/).map((part) => part.trim())
  if (!parts.every((part) => /^[^:：/\s]{1,40}[:：](?!\/\/).+$/.test(part))) return null
  return parts.map((part) => pair(part.includes(':') ? ':' : '：')(part))
}

function pair(separator: string): (part: string) => SourceField {
  return (part) => {
    const at = part.indexOf(separator)
    return { name: decoded(part.slice(0, at)).trim(), value: decoded(part.slice(at + separator.length)).trim() }
  }
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '))
  } catch {
    return text
  }
}

function plain(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value)
}
