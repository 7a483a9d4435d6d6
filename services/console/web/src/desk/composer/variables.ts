/** The variables of a canned reply, and what they stand for. Pure. */

export interface Values {
  readonly customer: string
  readonly agent: string
  readonly app: string
  readonly source: string
  readonly time: string
  readonly profile: readonly { readonly name: string; readonly value: string }[]
}

export interface Filled {
  readonly text: string
  /** A variable that nothing is known for: it stays as it is written. */
  readonly unknown: boolean
}

const VARIABLE = /\{(customer|agent|app|source|time|profile\.[^{}\n]{1,40})\}/g

export function fillIn(text: string, values: Values): Filled[] {
  const found: Filled[] = []
  let at = 0
  for (const hit of text.matchAll(VARIABLE)) {
    const value = valueOf(hit[1] ?? '', values)
    if (hit.index > at) found.push({ text: text.slice(at, hit.index), unknown: false })
    found.push(value ? { text: value, unknown: false } : { text: hit[0], unknown: true })
    at = hit.index + hit[0].length
  }
  if (at < text.length) found.push({ text: text.slice(at), unknown: false })
  return found
}

export function filledText(text: string, values: Values): string {
  return fillIn(text, values)
    .map((one) => one.text)
    .join('')
}

/** The variables that are still in a text about to be sent: no customer should read them. */
export function leftover(text: string): string[] {
  return [...new Set([...text.matchAll(VARIABLE)].map((hit) => hit[0]))]
}

function valueOf(name: string, values: Values): string {
  switch (name) {
    case 'customer':
    case 'agent':
    case 'app':
    case 'source':
    case 'time':
      return values[name]
    default:
      return values.profile.find((field) => `profile.${field.name}` === name)?.value ?? ''
  }
}
