/** Rules and fallbacks as sentences: "来源 page 等于「商品页」，且在工作时间 → 组「售前」". Pure. */
import { spoken } from '@/admin/apps/durations'
import type { Conditions, Destination, Fallback, RoutingRule } from '@/api/shapes'

type Translate = (key: string, values?: Record<string, unknown>) => string
/** An agent's name by the login, or a vendor account's by its id. */
type NameOf = (id: string, kind?: 'agent' | 'vendor') => string

export function ruleWords(rule: Omit<RoutingRule, 'name'>, nameOf: NameOf, t: Translate): string {
  const parts = conditionWords(rule.when, t)
  const when = parts.length ? parts.join(t('apps.routing.and')) : t('apps.routing.always')
  return begun(t('apps.routing.sentence', { when, to: destinationWords(rule.to, nameOf, t) }))
}

/** As a sentence begins, where letters have two sizes. */
export function begun(words: string): string {
  const [first = ''] = words
  return first.toUpperCase() + words.slice(first.length)
}

export function fallbackWords(fallback: Fallback, nameOf: NameOf, t: Translate): string {
  const after = fallback.after_seconds > 0 ? `${fallback.when}_after` : fallback.when
  const when = t(`apps.fallbacks.said.${after}`, { span: spoken(fallback.after_seconds, t) })
  return t('apps.routing.sentence', { when, to: destinationWords(fallback.to, nameOf, t) })
}

export function destinationWords(to: Destination, nameOf: NameOf, t: Translate): string {
  if (to.kind === 'vendor') return t('apps.routing.to.vendor', { name: nameOf(to.name ?? '', 'vendor') || '?' })
  if (to.kind === 'agent') return t('apps.routing.to.agent', { name: nameOf(to.name ?? '') || '?' })
  return t(`apps.routing.to.${to.kind}`, { name: to.name || '?' })
}

export function conditionWords(when: Conditions, t: Translate): string[] {
  const any = (values: readonly string[]) => values.map((value) => t('apps.routing.quoted', { value })).join(t('apps.routing.or')) || '?'
  const parts = when.source.map(({ field, match, values }) => t(`apps.routing.said.source_${match}`, { field: field ?? '', values: any(values) }).replace(/\s+/g, ' '))
  if (when.words.length) parts.push(t('apps.routing.said.words', { values: any(when.words) }))
  if (when.tags.length) parts.push(t('apps.routing.said.tags', { values: any(when.tags) }))
  for (const { name, values } of when.profile) parts.push(t('apps.routing.said.profile', { name: name || '?', values: any(values) }))
  if (when.customers.length === 1) parts.push(t('apps.routing.said.customer', { value: when.customers[0] ?? '' }))
  else if (when.customers.length) parts.push(t('apps.routing.said.customers', { count: when.customers.length }))
  if (when.hours) parts.push(t(`apps.routing.said.${when.hours}`))
  if (when.weekdays) parts.push(t('apps.routing.said.weekdays', { days: when.weekdays.map((day) => t(`apps.short_days.${day}`)).join(t('apps.and')) || '?' }))
  if (when.holiday !== null) parts.push(t(when.holiday ? 'apps.routing.said.holiday' : 'apps.routing.said.no_holiday'))
  return parts
}
