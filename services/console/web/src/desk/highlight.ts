/** A text cut where a search found its words, beginning shortly before the first. Pure. */

export interface Piece {
  text: string
  hit: boolean
}

const BEFORE = 20

export function pieces(text: string, query: string): Piece[] {
  const wanted = query.trim().toLocaleLowerCase()
  const lower = text.toLocaleLowerCase()
  // Where changing the case changes the length, places would not fit: show it plain.
  const first = wanted && lower.length === text.length ? lower.indexOf(wanted) : -1
  if (first < 0) return [{ text, hit: false }]
  const start = Math.max(0, first - BEFORE)
  const found: Piece[] = []
  let at = start
  for (let hit = first; hit >= 0; hit = lower.indexOf(wanted, at)) {
    if (hit > at) found.push({ text: text.slice(at, hit), hit: false })
    found.push({ text: text.slice(hit, hit + wanted.length), hit: true })
    at = hit + wanted.length
  }
  found.push({ text: text.slice(at), hit: false })
  return start > 0 ? [{ text: '…', hit: false }, ...found] : found
}
