/** What was typed and not sent yet: kept by the browser for each agent and conversation, and shared by its tabs. */
import { onScopeDispose, ref, watch } from 'vue'
import type { Ref } from 'vue'

const PREFIX = 'wxdesk.draft'
const KEEP_AFTER_MS = 250

export function draftKey(agent: string, conversation: string): string {
  return [PREFIX, agent, conversation].map(encodeURIComponent).join('/')
}

/** The draft as a ref. Another tab's word is taken over only where this one has nothing newer. */
export function useDraft(agent: string, conversation: string, storage: Storage = window.localStorage): Ref<string> {
  const key = draftKey(agent, conversation)
  const text = ref(read(storage, key))
  let kept = text.value
  let timer: number | undefined

  function keep(): void {
    window.clearTimeout(timer)
    if (text.value === kept) return
    kept = text.value
    write(storage, key, kept)
  }

  function hear(event: StorageEvent): void {
    if (event.key !== key || text.value !== kept) return
    kept = event.newValue ?? ''
    text.value = kept
  }

  watch(text, (now) => {
    window.clearTimeout(timer)
    if (now === '') keep()
    else timer = window.setTimeout(keep, KEEP_AFTER_MS)
  }, { flush: 'sync' })
  window.addEventListener('storage', hear)
  window.addEventListener('pagehide', keep)
  onScopeDispose(() => {
    keep()
    window.removeEventListener('storage', hear)
    window.removeEventListener('pagehide', keep)
  })
  return text
}

function read(storage: Storage, key: string): string {
  try {
    return storage.getItem(key) ?? ''
  } catch {
    return ''
  }
}

/** A browser that keeps nothing, or has no room, is no reason to stop an agent from writing. */
function write(storage: Storage, key: string, text: string): void {
  try {
    if (text) storage.setItem(key, text)
    else storage.removeItem(key)
  } catch {
    // The text is still in the field.
  }
}
