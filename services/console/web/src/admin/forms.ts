/** What a form holds until it is saved, and whether anything of it was changed. */
import { computed, reactive } from 'vue'
import type { ComputedRef } from 'vue'

export function useForm<Fields extends object>(fields: Fields): { form: Fields; dirty: ComputedRef<boolean> } {
  const form = reactive(structuredClone(fields)) as Fields
  const before = JSON.stringify(fields)
  return { form, dirty: computed(() => JSON.stringify(form) !== before) }
}
