/** Taking something away at once, with the way back in the notice: it is made again as it was. */
import { useI18n } from 'vue-i18n'

import { Problem } from '@/api/client'
import { problemWords } from '@/desk/problems'
import { useNotices } from '@/stores/notices'

const SHOWN_MS = 8_000

export function useUndoing() {
  const { t } = useI18n()
  const notices = useNotices()

  /** `text` says what was taken away; `back` puts it back. Whoever lists it hears of both by the live socket. */
  async function drop(text: string, work: () => Promise<unknown>, back: () => Promise<unknown>): Promise<void> {
    if (!(await tried(work))) return
    notices.tell(text, { forMs: SHOWN_MS, action: { label: t('shell.undo'), run: () => void tried(back) } })
  }

  async function tried(work: () => Promise<unknown>): Promise<boolean> {
    try {
      await work()
      return true
    } catch (refused) {
      if (!(refused instanceof Problem)) throw refused
      notices.tell(problemWords(refused.document, t), { tone: 'bad' })
      return false
    }
  }

  return { drop, tried }
}
