/** Whoever sets up an app waits for its first push: it is looked for until it has come. */
import { useIntervalFn } from '@vueuse/core'

import type { AppDetail } from '@/api/shapes'

const LOOK_AGAIN_MS = 5_000

export function useFirstPush(app: () => AppDetail | null, read: () => Promise<unknown>): void {
  useIntervalFn(() => {
    const waiting = app()
    if (waiting?.enabled && waiting.verified_at === null && !document.hidden) void read()
  }, LOOK_AGAIN_MS)
}
