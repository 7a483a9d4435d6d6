/** Reading a conversation for its pane: itself, its last messages, older ones when wanted, a message far back. */
import { computed, onScopeDispose, ref, watch } from 'vue'

import { Problem } from '@/api/client'
import { useConversations } from '@/stores/conversations'
import { useHistories } from '@/stores/histories'

/** A message of the live socket may be on its way; only what stays missing is read. */
const CATCH_UP_AFTER_MS = 400

export function useOpening(id: string) {
  const conversations = useConversations()
  const histories = useHistories()
  const problem = ref<Problem | null>(null)
  const older = ref<'idle' | 'loading' | 'failed'>('idle')
  let timer: number | undefined

  const conversation = computed(() => conversations.known.get(id))
  const history = computed(() => histories.histories.get(id))
  const lastSeq = computed(() => history.value?.messages.at(-1)?.seq ?? 0)
  /** There is something to show: what failed since is put right quietly. */
  const state = computed(() => {
    if (problem.value?.code === 'not_found') return 'gone'
    if (conversation.value && history.value?.state === 'loaded') return 'shown'
    return problem.value ? 'failed' : 'loading'
  })

  async function open(): Promise<void> {
    problem.value = null
    try {
      await Promise.all([conversations.fetchOne(id), histories.open(id)])
    } catch (failure) {
      if (!(failure instanceof Problem)) throw failure
      problem.value = failure
      if (failure.code === 'not_found') conversations.forget(id)
    }
  }

  async function loadOlder(): Promise<void> {
    if (older.value === 'loading') return
    older.value = 'loading'
    try {
      await histories.loadOlder(id)
      older.value = 'idle'
    } catch {
      older.value = 'failed'
    }
  }

  /** False: it is not there, or could not be read. */
  async function reach(seq: number): Promise<boolean> {
    try {
      await histories.reach(id, seq)
    } catch {
      return false
    }
    return history.value?.messages.some((message) => message.seq === seq) ?? false
  }

  watch(
    () => (conversation.value?.last_seq ?? 0) > lastSeq.value && history.value?.state === 'loaded',
    (behind) => {
      window.clearTimeout(timer)
      if (behind) timer = window.setTimeout(() => void histories.catchUp(id).catch(() => undefined), CATCH_UP_AFTER_MS)
    },
  )
  onScopeDispose(() => window.clearTimeout(timer))

  return { conversation, history, lastSeq, state, problem, older, open, loadOlder, reach }
}
