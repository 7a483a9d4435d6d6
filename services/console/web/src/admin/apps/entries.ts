/** Who may be first to answer an app's customers: ourselves, a vendor, WeChat's own console. Pure. */
import type { Bridge } from '@/api/shapes'

type Translate = (key: string, values?: Record<string, unknown>) => string

export interface EntryChoice {
  readonly entry: string
  readonly label: string
  readonly text: string
}

/** Also the vendor account that is chosen and cannot be any more. */
export function entryChoices(chosen: string, bridges: readonly Bridge[], t: Translate): EntryChoice[] {
  const ours = (['bot', 'agents'] as const).map((entry) => ({ entry, label: t(`apps.entry.${entry}`), text: t(`apps.entry.${entry}_text`) }))
  const vendors = bridges.map((one) => ({ entry: `vendor:${one.account}`, label: t('apps.entry.vendor', { name: one.name }), text: vendorText(one, t) }))
  const gone = chosen.startsWith('vendor:') && !vendors.some((one) => one.entry === chosen) ? [goneChoice(chosen, t)] : []
  return [...ours, ...vendors, ...gone, { entry: 'official', label: t('apps.entry.official'), text: t('apps.entry.official_text') }]
}

function vendorText(one: Bridge, t: Translate): string {
  if (one.down) return t('apps.entry.vendor_down')
  return t(one.shows_replies ? 'apps.entry.vendor_text' : 'apps.entry.vendor_blind')
}

function goneChoice(entry: string, t: Translate): EntryChoice {
  const name = entry.slice('vendor:'.length)
  return { entry, label: t('apps.entry.vendor', { name }), text: t('apps.entry.vendor_gone') }
}
