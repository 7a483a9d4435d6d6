/** How much of a pane a phone's keyboard covers, in pixels: some browsers lay it over the page and tell nobody else. */
import { useEventListener } from '@vueuse/core'
import { ref } from 'vue'
import type { Ref } from 'vue'

export function useKeyboardRoom(pane: Ref<HTMLElement | null>): Ref<number> {
  const room = ref(0)
  const seen = window.visualViewport
  if (!seen) return room

  function measure(): void {
    if (!pane.value || !seen) return
    const covered = pane.value.getBoundingClientRect().bottom - (seen.offsetTop + seen.height)
    // A zoomed page also shows less than there is; that is no keyboard.
    room.value = seen.scale > 1.01 ? 0 : Math.max(0, Math.round(covered))
  }
  useEventListener(seen, 'resize', measure)
  useEventListener(seen, 'scroll', measure)
  return room
}
