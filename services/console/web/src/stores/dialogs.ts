/** The dialog that is open over the desk, and the conversation it is about. */
import { defineStore } from 'pinia'
import { ref } from 'vue'

export interface Dialog {
  kind: 'transfer' | 'take_over' | 'block' | 'tags' | 'note'
  conversation: string
}

export const useDialogs = defineStore('dialogs', () => {
  const open = ref<Dialog | null>(null)

  return { open }
})
