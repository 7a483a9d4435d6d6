/** What the console says is wrong with settings as a whole, in the page's words; what is unknown stays as it came. Pure. */

type Translate = (key: string, values?: Record<string, unknown>) => string
type NameOf = (id: string, kind?: 'agent' | 'vendor') => string
type Values = (hit: RegExpExecArray, t: Translate, nameOf: NameOf) => Record<string, unknown>

const group: Values = (hit) => ({ name: hit[1] })
const agent: Values = (hit, _, nameOf) => ({ name: nameOf(hit[1] ?? '') })
const vendor: Values = (hit, _, nameOf) => ({ name: nameOf(hit[1] ?? '', 'vendor') })
/** The console counts from 0. */
const place: Values = (hit) => ({ number: Number(hit[1]) + 1 })
const names: Values = (hit, t) => ({ names: [...(hit[1] ?? '').matchAll(/“([^”]*)”/g)].map(([, value]) => t('apps.routing.quoted', { value })).join(t('apps.and')) })

/** Each with its key below `apps.refused`. The sources are shared/conversation/*_check.py and overlaps.py. */
const FAULTS: readonly [RegExp, string, Values?][] = [
  [/^rule (\d+) has this name, too/, 'same_name', place],
  [/^never holds: the app has no hours/, 'no_hours'],
  [/^never holds: the app's hours name no holidays/, 'no_holidays'],
  [/^never holds: the app's hours are always open/, 'never_closed'],
  [/^never holds: the app's hours have no such time/, 'never_so'],
  [/^never holds together with \w+\.(\d+)/, 'never_both', place],
  [/^never comes to its turn: rules? (.+) before it holds? whenever/, 'shadowed', names],
  [/^no agent has the login (.+); name one/, 'no_agent', group],
  [/^(.+) is disabled; enable them/, 'agent_disabled', agent],
  [/^(.+) does not serve this app; put them/, 'agent_elsewhere', agent],
  [/^nobody is in the group (.+); put agents/, 'empty_group', group],
  [/^everybody in the group (.+) is disabled/, 'disabled_group', group],
  [/^nobody in the group (.+) serves this app/, 'group_elsewhere', group],
  [/^fallback (\d+) leads there for the same reason/, 'same_fallback', place],
  [/^must not be the bot: it has just handed off/, 'bot_after_bot'],
  [/^there is no vendor account (.+); add it/, 'no_vendor', vendor],
  [/^the vendor account (.+) is disabled/, 'vendor_disabled', vendor],
  [/^a secret of the vendor account (.+) cannot be read/, 'vendor_unreadable', vendor],
  [/^the vendor account (.+) does not serve this app/, 'vendor_elsewhere', vendor],
  [/^never comes: nothing leads to a vendor/, 'no_vendor_at_all'],
  [/^leads in a circle: this is the only vendor/, 'same_vendor'],
  [/^leads in a circle: the bot hands off to (.+) again/, 'bot_to_vendor', vendor],
  [/^never comes: the app has no hours/, 'no_hours'],
  [/^never comes: the app's hours are always open/, 'never_closed'],
  [/^leads in a circle: the bot/, 'circle'],
  [/^must be less than answer_seconds/, 'warns_at_once'],
  [/^must be less than the window itself/, 'whole_window'],
  [/^must be less than idle_close_seconds\.agent/, 'closed_before'],
  [/^overlaps hours\.weekly\.(\d+) on/, 'overlaps_week', place],
  [/^overlaps hours\.extra_days\.(\d+);/, 'overlaps_day', place],
]

export function policyFaultWords(what: string, nameOf: NameOf, t: Translate): string {
  for (const [pattern, name, values] of FAULTS) {
    const hit = pattern.exec(what)
    if (hit) return t(`apps.refused.${name}`, values?.(hit, t, nameOf))
  }
  return what
}
