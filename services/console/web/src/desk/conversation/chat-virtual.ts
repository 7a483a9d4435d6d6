/**
 * TanStack's virtualizer for a list that is read from its end. Its Vue binding corrects the scroll position before the
 * page has the list's new height, where the browser cuts the correction short; here that waits until the page has it.
 */
import { Virtualizer, elementScroll, observeElementOffset, observeElementRect } from '@tanstack/vue-virtual'
import { onBeforeUnmount, onMounted, onUpdated, shallowRef, triggerRef, watch } from 'vue'
import type { Ref, ShallowRef } from 'vue'

import type { Entry } from '@/desk/conversation/entries'
import { estimate } from '@/desk/conversation/estimates'

export const PADDING_TOP = 48
const PADDING_BOTTOM = 12
/** So near to the end still is at the end. */
export const AT_END_PX = 48
/** Beyond any list: the browser makes the end of it. */
const END = 1e7

export function useChatVirtual(frame: Ref<HTMLElement | null>, entries: () => readonly Entry[], onLook: () => void) {
  /** Of the last layout: asking the page for it would cost a layout for every row. */
  const width = (): number => virtual.value.scrollRect?.width || 700
  const options = (list: readonly Entry[]) => ({
    count: list.length,
    getScrollElement: () => frame.value,
    estimateSize: (place: number) => estimate(list[place], width()),
    getItemKey: (place: number) => list[place]?.key ?? place,
    overscan: 8,
    anchorTo: 'end' as const,
    followOnAppend: true,
    scrollEndThreshold: AT_END_PX,
    paddingStart: PADDING_TOP,
    paddingEnd: PADDING_BOTTOM,
    initialOffset: END,
    observeElementRect,
    observeElementOffset,
    scrollToFn: elementScroll,
    onChange: () => {
      triggerRef(virtual)
      onLook()
    },
  })
  const virtual: ShallowRef<Virtualizer<HTMLElement, HTMLElement>> = shallowRef(new Virtualizer<HTMLElement, HTMLElement>(options(entries())))
  let leave: (() => void) | undefined

  watch(entries, (list) => {
    virtual.value.setOptions(options(list))
    triggerRef(virtual)
  })
  onMounted(() => {
    leave = virtual.value._didMount()
    virtual.value._willUpdate()
    virtual.value.scrollToEnd()
  })
  onUpdated(() => {
    virtual.value._willUpdate()
    onLook()
  })
  onBeforeUnmount(() => leave?.())

  return virtual
}
