/** Nothing that was typed and not saved is left behind without a word. */
import { onBeforeUnmount, onMounted, ref } from 'vue'
import type { Ref } from 'vue'
import { useRouter } from 'vue-router'
import type { RouteLocationNormalized } from 'vue-router'

export interface Leaving {
  /** Whether the question stands on the page. */
  readonly asking: Ref<boolean>
  readonly answer: (leave: boolean) => void
}

/** `within`: places that are part of the same page. */
export function useLeaving(unsaved: () => boolean, within: (to: RouteLocationNormalized) => boolean): Leaving {
  const router = useRouter()
  const asking = ref(false)
  let decide: ((leave: boolean) => void) | null = null

  function answer(leave: boolean): void {
    asking.value = false
    decide?.(leave)
    decide = null
  }

  function ask(): Promise<boolean> {
    answer(false)
    asking.value = true
    return new Promise((decided) => (decide = decided))
  }

  const guard = router.beforeEach((to) => (unsaved() && !within(to) ? ask() : true))
  const closing = (event: BeforeUnloadEvent) => {
    if (unsaved()) event.preventDefault()
  }
  onMounted(() => window.addEventListener('beforeunload', closing))
  onBeforeUnmount(() => {
    guard()
    answer(false)
    window.removeEventListener('beforeunload', closing)
  })

  return { asking, answer }
}
