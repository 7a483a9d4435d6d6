/** Keys that act from anywhere but a field. Whoever is on the page says what its keys do, for as long as it is there. */
import { defineStore } from 'pinia'
import { onBeforeUnmount, onMounted, ref } from 'vue'

export type Keys = Record<string, (event: KeyboardEvent) => void>

const TWO_KEYS_MS = 1_200

export const useShortcuts = defineStore('shortcuts', () => {
  /** Whether the sheet of all keys, or the palette of all commands, is open. */
  const sheet = ref(false)
  const palette = ref(false)
  const layers: Keys[] = []
  let first: { key: string; at: number } | null = null

  function press(event: KeyboardEvent): void {
    if ((event.metaKey || event.ctrlKey) && event.key.toLowerCase() === 'k') {
      event.preventDefault()
      palette.value = !palette.value
      return
    }
    if (event.metaKey || event.ctrlKey || event.altKey || event.isComposing || isTyping(event.target)) return
    if (document.querySelector('[role="dialog"][data-state="open"], [role="menu"][data-state="open"]')) return
    const name = sequence(event)
    const act = [...layers].reverse().find((layer) => layer[name])?.[name]
    if (!act) return
    event.preventDefault()
    act(event)
  }

  /** "g w" for the second of two keys pressed shortly after each other, else the key itself. */
  function sequence(event: KeyboardEvent): string {
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key
    const now = event.timeStamp
    const both = first && now - first.at < TWO_KEYS_MS ? `${first.key} ${key}` : key
    first = both === key && key === 'g' ? { key, at: now } : null
    return both
  }

  function add(keys: Keys): () => void {
    layers.push(keys)
    return () => layers.splice(layers.indexOf(keys), 1)
  }

  window.addEventListener('keydown', press)

  return { sheet, palette, add }
})

/** These keys act for as long as the component is on the page. */
export function useKeys(keys: Keys): void {
  const shortcuts = useShortcuts()
  let remove: (() => void) | undefined
  onMounted(() => (remove = shortcuts.add(keys)))
  onBeforeUnmount(() => remove?.())
}

function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName))
}
