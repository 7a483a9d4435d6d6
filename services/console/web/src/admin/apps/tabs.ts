/** The parts of an app's page, and where each setting stands. Pure. */

export const TABS = ['connection', 'answers', 'assignment', 'hours', 'keeping'] as const
export type Tab = (typeof TABS)[number]

const PLACES: Record<string, Tab> = {
  welcome: 'answers',
  keyword_rules: 'answers',
  hand_off_words: 'answers',
  unmatched: 'answers',
  hours: 'hours',
  out_of_hours: 'hours',
  retention_days: 'keeping',
}

export function isTab(name: string | undefined): name is Tab {
  return TABS.includes(name as Tab)
}

/** Where a place such as `hours.weekly.0.from` is edited. */
export function tabOf(where: string): Tab {
  return PLACES[where.split('.')[0] ?? ''] ?? 'assignment'
}

/** What is said at a place or at anything within it; null: nothing. */
export function errorAt(errors: Record<string, string>, where: string): string | null {
  const place = Object.keys(errors).find((one) => one === where || one.startsWith(`${where}.`))
  return place === undefined ? null : (errors[place] ?? null)
}
