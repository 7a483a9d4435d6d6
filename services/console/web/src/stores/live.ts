/** The live socket, and where each of its frames belongs. */
import { defineStore } from 'pinia'
import { ref } from 'vue'

import type { ProblemDocument } from '@/api/client'
import type { Conversation, Frame, Message } from '@/api/shapes'
import { LiveSocket } from '@/live/socket'
import type { Link } from '@/live/socket'
import { useCatalogue } from '@/stores/catalogue'
import { useConversations } from '@/stores/conversations'
import { useHistories } from '@/stores/histories'
import { useLogin } from '@/stores/login'
import { useOutbox } from '@/stores/outbox'
import { useSeen } from '@/stores/seen'

export interface Happened {
  conversation(now: Conversation, before: Conversation | undefined): void
  message(conversation: string, message: Message): void
}

export const useLive = defineStore('live', () => {
  const login = useLogin()
  const conversations = useConversations()
  const histories = useHistories()
  const outbox = useOutbox()
  const seen = useSeen()
  const catalogue = useCatalogue()

  const link = ref<Link>('connecting')
  /** Since when the socket is down, for the banner. */
  const lostAt = ref<number | null>(null)
  /** The conversation in view: it survives a reset. */
  const open = ref<string | null>(null)
  let happened: Happened = { conversation: () => {}, message: () => {} }

  const scheme = window.location.protocol === 'https:' ? 'wss' : 'ws'
  const socket = new LiveSocket(`${scheme}://${window.location.host}/api/v1/live`, { frame: take, link: linked })

  window.addEventListener('online', () => socket.hurry())
  document.addEventListener('visibilitychange', () => {
    if (!document.hidden) socket.hurry()
  })

  function linked(state: Link): void {
    if (state === 'live') lostAt.value = null
    else if (state === 'lost') lostAt.value ??= Date.now()
    else if (state === 'ended') login.end()
    link.value = state
  }

  function take(frame: Frame): void {
    switch (frame.type) {
      case 'conversation':
        takeConversation(frame.conversation)
        break
      case 'message':
        histories.take(frame.conversation_id, frame.message)
        outbox.settle(frame.message)
        happened.message(frame.conversation_id, frame.message)
        break
      case 'command':
        outbox.settleCommand(frame.command_id, frame.problem as ProblemDocument | null)
        break
      case 'presence':
        catalogue.takePresence(frame.agent_id, frame.presence)
        if (frame.agent_id === login.me?.id) login.me = { ...login.me, presence: frame.presence }
        break
      case 'typing':
      case 'viewing':
        seen.take(frame, Date.now())
        break
      case 'settings':
        void catalogue.refresh(frame.what)
        if (frame.what === 'agents') void login.refresh().catch(() => undefined)
        break
      case 'reset':
        void Promise.allSettled([conversations.reload(), histories.reload(open.value)])
        break
      case 'ready':
      case 'pong':
        break
    }
  }

  function takeConversation(conversation: Conversation): void {
    const before = conversations.known.get(conversation.id)
    if (conversations.take(conversation) === conversation) happened.conversation(conversation, before)
  }

  function start(told: Happened): void {
    happened = told
    socket.start()
  }

  function restart(): void {
    socket.stop()
    socket.start()
  }

  function stop(): void {
    socket.stop()
  }

  const say = (type: 'typing' | 'viewing', conversation: string) => socket.say({ type, conversation_id: conversation })

  return { link, lostAt, open, start, restart, stop, say }
})
