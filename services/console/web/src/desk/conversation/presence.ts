/** What others learn from this page's being open: that its agent looks, and has read up to the end. */
import { useDocumentVisibility, useIntervalFn } from '@vueuse/core'
import { onScopeDispose, watch } from 'vue'
import type { Ref } from 'vue'

import { useActions } from '@/stores/actions'
import { useLive } from '@/stores/live'

const LOOKING_EVERY_MS = 8_000
const READ_AFTER_MS = 600

export function usePresence(id: string) {
  const live = useLive()
  const visible = useDocumentVisibility()

  function look(): void {
    if (visible.value === 'visible') live.say('viewing', id)
  }
  useIntervalFn(look, LOOKING_EVERY_MS, { immediateCallback: true })
  watch([visible, () => live.link], look)
}

/** Says "read" a little after there is something unread at the end that the agent sees; once for each message. */
export function useReading(id: string, unreadTo: () => number | null, atEnd: Ref<boolean>): void {
  const actions = useActions()
  const visible = useDocumentVisibility()
  let told = 0
  let timer: number | undefined

  watch(
    () => (atEnd.value && visible.value === 'visible' ? unreadTo() : null),
    (seq) => {
      window.clearTimeout(timer)
      if (seq === null || seq <= told) return
      timer = window.setTimeout(() => {
        told = seq
        void actions.markRead(id, seq)
      }, READ_AFTER_MS)
    },
    { immediate: true },
  )
  onScopeDispose(() => window.clearTimeout(timer))
}
