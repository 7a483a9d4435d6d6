/** How a customer stands with a vendor, in words. Pure. */
import type { Bridging } from '@/api/shapes'

type Translate = (key: string, values?: Record<string, unknown>) => string

/** "人工 · 小王", "排队中，前面 3 位" … */
export function standingWords(bridging: Bridging, t: Translate): string {
  switch (bridging.standing) {
    case 'line':
      return bridging.ahead === null ? t('chat.standing.line') : t('chat.standing.line_ahead', { ahead: bridging.ahead })
    case 'person':
      // It was only assumed: nobody there ever says who has the customer.
      if (isBlind(bridging) && !bridging.staff) return t('chat.standing.blind')
      return bridging.staff ? t('chat.standing.person_named', { staff: bridging.staff }) : t('chat.standing.person')
    case 'machine':
    case 'word':
    case 'nobody':
      return t(`chat.standing.${bridging.standing}`)
    case null:
      return t('chat.standing.asking')
  }
}

/** Whether what its people say goes past us, straight to WeChat. */
export function isBlind(bridging: Bridging | null | undefined): boolean {
  return bridging?.shows_replies === false
}
