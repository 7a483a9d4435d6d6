/** Saving a form: busy while under way, the problem in words when refused, and which field is meant. */
import { ref } from 'vue'
import { useI18n } from 'vue-i18n'

import { Problem } from '@/api/client'
import { problemWords } from '@/desk/problems'

export function useSaving() {
  const { t } = useI18n()
  const busy = ref(false)
  /** What the whole form has to say; null: nothing. */
  const failure = ref<string | null>(null)
  /** By the place the console names, as in `keyword_rules.0.words`. */
  const errors = ref<Record<string, string>>({})

  /** Do it; whether it was done. What is not the console's refusal is thrown on. */
  async function save(work: () => Promise<unknown>): Promise<boolean> {
    busy.value = true
    failure.value = null
    errors.value = {}
    try {
      await work()
      return true
    } catch (refused) {
      if (!(refused instanceof Problem)) throw refused
      failure.value = problemWords(refused.document, t)
      errors.value = Object.fromEntries((refused.document.errors ?? []).map(({ where, what }) => [where, what]))
      return false
    } finally {
      busy.value = false
    }
  }

  return { busy, failure, errors, save }
}
