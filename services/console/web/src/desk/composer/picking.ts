/** The list of canned replies under the composer's keys: open while the text begins with a slash. */
import { computed, ref, watch } from 'vue'
import type { Ref } from 'vue'

import type { CannedReply, Conversation } from '@/api/shapes'
import { askedFor, matching } from '@/desk/composer/canned'
import { filledText } from '@/desk/composer/variables'
import type { Values } from '@/desk/composer/variables'
import { customerName } from '@/desk/names'
import { clock } from '@/desk/times'
import { LOCALES } from '@/i18n'
import { useCatalogue } from '@/stores/catalogue'
import { useLogin } from '@/stores/login'
import { usePreferences } from '@/stores/preferences'

export function usePicking(text: Ref<string>, conversation: () => Conversation, filled: (text: string) => void) {
  const catalogue = useCatalogue()
  const login = useLogin()
  const preferences = usePreferences()
  const at = ref(0)
  /** The text for which the agent closed the list; another text opens it again. */
  const closedFor = ref<string | null>(null)

  const query = computed(() => askedFor(text.value))
  const open = computed(() => query.value !== null && closedFor.value !== text.value)
  const replies = computed(() => (query.value === null ? [] : matching(catalogue.cannedReplies, query.value, conversation().app.id)))
  const values = computed<Values>(() => {
    const { app, customer } = conversation()
    return {
      customer: customer.name ?? customerName(conversation()),
      agent: login.me?.name ?? '',
      app: app.name,
      source: customer.source ?? '',
      time: clock(new Date().toISOString(), LOCALES[preferences.language]),
      profile: customer.profile,
    }
  })
  watch(query, () => (at.value = 0))

  function pick(reply: CannedReply): void {
    filled(filledText(reply.text, values.value))
  }

  /** True: the key was the list's, and means nothing more. */
  function press(event: KeyboardEvent): boolean {
    if (!open.value) return false
    if (event.key === 'Escape') {
      closedFor.value = text.value
      return true
    }
    const many = replies.value.length
    if (many === 0) return false
    if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
      at.value = (at.value + (event.key === 'ArrowDown' ? 1 : many - 1)) % many
      return true
    }
    const chosen = replies.value[at.value]
    if (!chosen || event.shiftKey || (event.key !== 'Enter' && event.key !== 'Tab')) return false
    pick(chosen)
    return true
  }

  return { at, query, open, replies, values, pick, press, empty: computed(() => catalogue.cannedReplies.length === 0) }
}
