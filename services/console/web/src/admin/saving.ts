/** Saving a form: busy while under way, the problem in words when refused, and which field is meant. */
import { ref } from 'vue'
import { useI18n } from 'vue-i18n'

import { Problem } from '@/api/client'
import type { ProblemDocument } from '@/api/client'
import { faultsOf } from '@/admin/faults'
import { problemWords } from '@/desk/problems'

/** What a form itself knows to say of a refusal: of the whole form, or of the field at `where`. */
export type Explain = (problem: ProblemDocument) => { what: string; where?: string } | null

export function useSaving() {
  const { t } = useI18n()
  const busy = ref(false)
  /** What the whole form has to say; null: nothing. */
  const failure = ref<string | null>(null)
  /** By the place the console names, as in `keyword_rules.0.words`. */
  const errors = ref<Record<string, string>>({})

  /** Do it; whether it was done. What is not the console's refusal is thrown on. */
  async function save(work: () => Promise<unknown>, explain: Explain = () => null): Promise<boolean> {
    if (busy.value) return false
    busy.value = true
    failure.value = null
    errors.value = {}
    try {
      await work()
      return true
    } catch (refused) {
      if (!(refused instanceof Problem)) throw refused
      tell(refused.document, explain(refused.document))
      return false
    } finally {
      busy.value = false
    }
  }

  function tell(problem: ProblemDocument, told: ReturnType<Explain>): void {
    const faults = told ? (told.where ? { [told.where]: told.what } : {}) : faultsOf(problem, t)
    errors.value = faults
    const marked = Object.values(faults)[0]
    if (told) failure.value = told.where ? null : told.what
    else failure.value = problemWords(marked === undefined ? problem : { ...problem, detail: marked }, t)
  }

  return { busy, failure, errors, save }
}
