/** Two versions of a long value, line by line: what went, what came, and little of what stayed. Pure. */

export interface Line {
  readonly kind: 'same' | 'gone' | 'new' | 'skipped'
  readonly text: string
}

/** Beyond this the table of all pairs is too large to be worth it. */
const MOST_LINES = 500
/** Of what stayed, so much is shown around a change. */
const AROUND = 1

/** null: too long to be compared. */
export function lineChanges(before: string, after: string): Line[] | null {
  const old = before.split('\n')
  const now = after.split('\n')
  if (old.length > MOST_LINES || now.length > MOST_LINES) return null
  return shortened(compared(old, now))
}

function compared(old: readonly string[], now: readonly string[]): Line[] {
  const common = commonLengths(old, now)
  const lines: Line[] = []
  let i = 0
  let j = 0
  while (i < old.length || j < now.length) {
    const left = old[i]
    const right = now[j]
    if (left !== undefined && left === right) {
      lines.push({ kind: 'same', text: left })
      i += 1
      j += 1
    } else if (left !== undefined && (right === undefined || (common[i + 1]?.[j] ?? 0) >= (common[i]?.[j + 1] ?? 0))) {
      lines.push({ kind: 'gone', text: left })
      i += 1
    } else {
      lines.push({ kind: 'new', text: right ?? '' })
      j += 1
    }
  }
  return lines
}

/** How many lines the rests of both, from i and from j on, have in common and in the same order. */
function commonLengths(old: readonly string[], now: readonly string[]): number[][] {
  const table = Array.from({ length: old.length + 1 }, () => new Array<number>(now.length + 1).fill(0))
  for (let i = old.length - 1; i >= 0; i--) {
    for (let j = now.length - 1; j >= 0; j--) {
      const row = table[i]
      if (row) row[j] = old[i] === now[j] ? (table[i + 1]?.[j + 1] ?? 0) + 1 : Math.max(table[i + 1]?.[j] ?? 0, row[j + 1] ?? 0)
    }
  }
  return table
}

function shortened(lines: readonly Line[]): Line[] {
  const near = lines.map((_, at) => lines.slice(Math.max(0, at - AROUND), at + AROUND + 1).some((line) => line.kind !== 'same'))
  const shown: Line[] = []
  lines.forEach((line, at) => {
    if (near[at]) shown.push(line)
    else if (shown.at(-1)?.kind !== 'skipped') shown.push({ kind: 'skipped', text: '…' })
  })
  return shown
}
