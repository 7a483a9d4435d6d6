/** What this browser remembers of its agent's taste. */
import { usePreferredLanguages, useStorage } from '@vueuse/core'
import { defineStore } from 'pinia'
import { computed } from 'vue'

export type Theme = 'system' | 'light' | 'dark'
export type Language = 'zh' | 'en'

export const usePreferences = defineStore('preferences', () => {
  const theme = useStorage<Theme>('wxdesk.theme', 'system')
  const chosen = useStorage<Language | ''>('wxdesk.language', '')
  const sound = useStorage('wxdesk.sound', true)
  const notifications = useStorage('wxdesk.notifications', false)
  const customerPane = useStorage('wxdesk.customer_pane', true)

  const languages = usePreferredLanguages()
  const language = computed<Language>({
    get: () => chosen.value || (languages.value[0]?.toLowerCase().startsWith('zh') === false ? 'en' : 'zh'),
    set: (wanted) => (chosen.value = wanted),
  })

  return { theme, language, sound, notifications, customerPane }
})
