/** The time, as the page shows it: one tick a second for everything that counts. */
import { defineStore } from 'pinia'
import { ref } from 'vue'

export const useClock = defineStore('clock', () => {
  const now = ref(Date.now())
  window.setInterval(() => (now.value = Date.now()), 1000)
  return { now }
})
