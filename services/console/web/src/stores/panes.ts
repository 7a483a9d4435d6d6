/** Which of the panes are shown: the customer's is beside the conversation where there is room, else a drawer over it. */
import { useMediaQuery } from '@vueuse/core'
import { defineStore } from 'pinia'
import { computed, ref } from 'vue'

import { usePreferences } from '@/stores/preferences'

export const usePanes = defineStore('panes', () => {
  const preferences = usePreferences()
  const isWide = useMediaQuery('(min-width: 1200px)')
  const isPhone = useMediaQuery('(max-width: 699px)')
  const drawer = ref(false)

  const customer = computed<boolean>({
    get: () => (isWide.value ? preferences.customerPane : drawer.value),
    set: (shown) => {
      if (isWide.value) preferences.customerPane = shown
      else drawer.value = shown
    },
  })

  return { isWide, isPhone, customer, drawer }
})
