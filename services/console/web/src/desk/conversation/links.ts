/** The addresses in a text. Pure. Only http and https: nothing else a customer sends may be clicked. */

export interface Stretch {
  readonly text: string
  /** Null: plain text. */
  readonly href: string | null
}

const ADDRESS = /https?:\/\/[^\s<>"'`\u3000-\u303f\uff00-\uffef\u2018-\u201d\u4e00-\u9fff]+/gi
const TRAILING = /[.,;:!?…*_~]+$/

export function stretches(text: string): Stretch[] {
  const found: Stretch[] = []
  let at = 0
  for (const hit of text.matchAll(ADDRESS)) {
    const address = trimmed(hit[0])
    const href = hrefOf(address)
    if (!href) continue
    if (hit.index > at) found.push({ text: text.slice(at, hit.index), href: null })
    found.push({ text: address, href })
    at = hit.index + address.length
  }
  if (at < text.length || found.length === 0) found.push({ text: text.slice(at), href: null })
  return found
}

/** The address as a browser would open it; null where it is none, or of a kind that must not be opened. */
export function hrefOf(address: string): string | null {
  try {
    const url = new URL(address)
    return (url.protocol === 'https:' || url.protocol === 'http:') && url.hostname ? url.href : null
  } catch {
    return null
  }
}

/** Without the full stop of its sentence, and without a bracket that was opened before it. */
function trimmed(address: string): string {
  for (;;) {
    const shorter = unbracketed(address.replace(TRAILING, ''))
    if (shorter === address) return address
    address = shorter
  }
}

function unbracketed(address: string): string {
  for (const [open, close] of ['()', '[]', '{}'].map((pair) => [...pair]) as [string, string][]) {
    if (address.endsWith(close) && address.split(close).length > address.split(open).length) return address.slice(0, -1)
  }
  return address
}
