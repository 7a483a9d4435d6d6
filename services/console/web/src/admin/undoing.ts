/** Taking something away at once, with the way back in the notice: it is made again as it was. */
import { nextTick } from 'vue'
import { useI18n } from 'vue-i18n'

import { Problem } from '@/api/client'
import { problemWords } from '@/desk/problems'
import { useNotices } from '@/stores/notices'

const SHOWN_MS = 8_000

export function useUndoing() {
  const { t } = useI18n()
  const notices = useNotices()

  /** `text` says what was taken away, `back` puts it back, `reload` reads the list again after either. */
  async function drop(text: string, work: () => Promise<unknown>, back: () => Promise<unknown>, reload: () => Promise<void>): Promise<void> {
    if (!(await tried(work))) return
    await reload()
    await keepFocus()
    notices.tell(text, { forMs: SHOWN_MS, action: { label: t('shell.undo'), run: () => void tried(back).then(reload) } })
  }

  /** The button that had it went with its row: whoever works by keyboard goes on from the top of the page. */
  async function keepFocus(): Promise<void> {
    await nextTick()
    if (document.activeElement === document.body) document.querySelector('main')?.focus()
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
