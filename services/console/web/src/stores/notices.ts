/** Short words at the edge of the page: what happened, and for a few seconds the way back. */
import { defineStore } from 'pinia'
import { ref } from 'vue'

export interface Notice {
  readonly id: number
  readonly text: string
  readonly tone: 'plain' | 'good' | 'bad'
  readonly action: { label: string; run: () => void } | null
}

const SHOWN_MS = 5_000
const BAD_SHOWN_MS = 9_000
const MOST = 3

export const useNotices = defineStore('notices', () => {
  const notices = ref<Notice[]>([])
  let last = 0

  function tell(text: string, more: { tone?: Notice['tone']; action?: Notice['action']; forMs?: number } = {}): number {
    const tone = more.tone ?? 'plain'
    const notice: Notice = { id: ++last, text, tone, action: more.action ?? null }
    notices.value = [...notices.value, notice].slice(-MOST)
    window.setTimeout(() => dismiss(notice.id), more.forMs ?? (tone === 'bad' ? BAD_SHOWN_MS : SHOWN_MS))
    return notice.id
  }

  function dismiss(id: number): void {
    notices.value = notices.value.filter((notice) => notice.id !== id)
  }

  return { notices, tell, dismiss }
})
