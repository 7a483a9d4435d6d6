/** What a setting is called and how it is explained; what this page does not know, by the vendor's schema. Pure. */
import type { SettingFault, SettingField } from '@/admin/bridges/schema'

type Translate = (key: string, values?: Record<string, unknown>) => string
type Has = (key: string, locale: 'zh') => boolean

/** Stands for itself: what it becomes is told by the words around it. */
const HOLES = { ahead: '{ahead}' }

export interface SettingWords {
  label: string
  hint: string
  choices: Record<string, string>
}

/** `of`: a vendor, or `bridge` for what all have. */
export function settingWords(of: string, field: SettingField, t: Translate, te: Has): SettingWords {
  const place = `admin.bridges.settings.${of}.${field.name}`
  const word = (key: string, otherwise: string) => (te(key, 'zh') ? t(key, HOLES) : otherwise)
  return {
    label: word(`${place}.label`, field.title),
    hint: word(`${place}.hint`, te(`${place}.label`, 'zh') ? '' : field.description),
    choices: Object.fromEntries(field.choices.map((choice) => [choice, word(`${place}.${choice}`, choice)])),
  }
}

export function faultSaid({ key, least, most }: SettingFault, t: Translate): string {
  if (key === 'blank') return t('admin.faults.blank')
  if (key === 'choose') return t('admin.faults.none_chosen')
  if (key === 'whole') return t('admin.faults.no_number')
  return t('admin.bridges.range', { least: least ?? 0, most: most ?? '∞' })
}

const TESTED: readonly [RegExp, string][] = [
  [/^the vendor answers$/, 'answers'],
  [/clock and the vendor's differ/, 'clock'],
  [/sealed with a lost key/, 'lost_key'],
  [/^it took the call and did not answer/, 'unknown'],
  [/Compare the settings with the vendor's pages$/, 'settings'],
]

/** What came of trying an account out; what is not known here stays in the console's words. */
export function testWords(what: string, code: string | null, t: Translate, te: Has): string {
  const own = `admin.bridges.test.${/^\d/.test(code ?? '') ? 'e' : ''}${code}`
  if (code && te(own, 'zh')) return t(own)
  const found = TESTED.find(([pattern]) => pattern.test(what))
  return found ? t(`admin.bridges.test.${found[1]}`) : what
}
