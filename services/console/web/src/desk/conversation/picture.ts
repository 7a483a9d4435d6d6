/** A picture of ours on the page: while its copy from WeChat is under way the console asks us to come again. */
import { computed, onScopeDispose, ref, watch } from 'vue'

import { mediaAddress } from '@/api/client'

export type PictureState = 'loading' | 'waiting' | 'shown' | 'lost' | 'failed'

const AGAIN_SECONDS = 2
const MOST_TRIES = 30

export function usePicture(mediaId: () => string) {
  const state = ref<PictureState>('loading')
  const tries = ref(0)
  let cameMeanwhile = false
  let timer: number | undefined
  const address = computed(() => (tries.value ? `${mediaAddress(mediaId())}?try=${tries.value}` : mediaAddress(mediaId())))

  function again(): void {
    state.value = 'loading'
    tries.value += 1
  }

  /** An <img> does not say why it failed; asked once more as data, the console does. */
  async function failed(): Promise<void> {
    const asked = mediaId()
    const response = await fetch(mediaAddress(asked), { credentials: 'same-origin', cache: 'no-store' }).catch(() => null)
    if (asked !== mediaId()) return
    if (response?.status === 503 && tries.value < MOST_TRIES) {
      state.value = 'waiting'
      const seconds = Number(response.headers.get('Retry-After')) || AGAIN_SECONDS
      timer = window.setTimeout(again, seconds * 1000)
    } else if (response?.ok && !cameMeanwhile) {
      // Its copy was finished between the two questions; a picture that is broken fails once more, and stays so.
      cameMeanwhile = true
      again()
    } else {
      state.value = response?.status === 404 ? 'lost' : 'failed'
    }
    void response?.body?.cancel()
  }

  watch(mediaId, () => {
    window.clearTimeout(timer)
    state.value = 'loading'
    tries.value = 0
    cameMeanwhile = false
  })
  onScopeDispose(() => window.clearTimeout(timer))

  return { state, address, again, shown: () => (state.value = 'shown'), failed: () => void failed() }
}
