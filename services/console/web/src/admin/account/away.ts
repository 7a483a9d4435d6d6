/** After how long without an open page an agent becomes away. Pure. */

type Translate = (key: string, values?: Record<string, unknown>) => string

const MINUTES = [15, 30, 60]

export interface AwayChoice {
  /** Null: never. */
  seconds: number | null
  label: string
}

/** The usual ones, with another that a supervisor may have set in its place among them. */
export function awayChoices(now: number | null, t: Translate): AwayChoice[] {
  const minutes = new Set([...MINUTES, ...(now === null ? [] : [now / 60])])
  const timed = [...minutes].sort((one, other) => one - other)
  return [{ seconds: null, label: t('admin.account.away_never') }, ...timed.map((each) => ({ seconds: each * 60, label: t('admin.account.away_minutes', { minutes: Math.round(each) }) }))]
}
