/** Why a message did not go out: which words belong to a code. Pure. */
import type { Delivery } from '@/api/shapes'
import { refusals } from '@/i18n/zh/refusals'

type Translate = (key: string, values: Record<string, unknown>) => string

/** Codes that say the same as another one. */
const SAME: Record<string, readonly number[]> = {
  e40001: [40014, 42001],
  e40004: [40005],
  e40006: [40009, 45001],
  e40008: [45162, 48008],
  e40013: [40002],
  e40033: [47002],
  e40097: [40101, 47001, 41002, 41004, 41005, 43002, 44001, 44002, 45072],
  e40164: [61004, 45035],
  e43019: [48002],
  e45003: [45004, 45005, 45006],
  e45011: [44991],
  e45080: [45081],
  e45098: [45099],
  e45102: [45501],
  e48001: [61003, 61007],
  e48004: [50004],
}
const OF_CODE = new Map<string, string>(Object.entries(SAME).flatMap(([name, codes]) => codes.map((code): [string, string] => [String(code), name])))

/** In the words of this page where it has some, else in the server's. */
export function refusalWords(delivery: Pick<Delivery, 'code' | 'reason'>, t: Translate): string {
  const code = delivery.code ?? ''
  const name = nameOf(code)
  if (Object.hasOwn(refusals, name)) return t(`refusals.${name}`, { code })
  return delivery.reason ?? t('chat.delivery.no_reason', { code: code || '?' })
}

function nameOf(code: string): string {
  if (code === '-1') return 'busy'
  if (/^(6145[1-7]|654\d\d)$/.test(code)) return 'e61451'
  return OF_CODE.get(code) ?? (/^\d+$/.test(code) ? `e${code}` : code)
}
