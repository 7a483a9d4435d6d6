/** What customers think of a session, as a list shows it. Pure. */
import type { SessionRecord } from '@/api/shapes'

type Translate = (key: string, values?: Record<string, unknown>) => string

const BEST = 5

/** `★★★★☆`; a score that is none has no stars. */
export function starsOf(score: number): string {
  if (!Number.isInteger(score) || score < 1 || score > BEST) return ''
  return '★'.repeat(score) + '☆'.repeat(BEST - score)
}

/** Empty: the app asks nobody, or nobody served this session. */
export function ratedWords(rated: SessionRecord['rated'], t: Translate): string {
  if (!rated) return ''
  return rated.state === 'answered' ? t('customer.rated.answered', { score: rated.score ?? '?' }) : t(`customer.rated.${rated.state}`)
}
