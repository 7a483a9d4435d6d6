/** Sound, desktop notification, title and icon: what calls an agent who looks elsewhere. */
import { watch } from 'vue'
import { useRouter } from 'vue-router'

import type { Conversation, Message } from '@/api/shapes'
import { customerName } from '@/desk/names'
import { isOfferedTo } from '@/desk/offers'
import { i18n } from '@/i18n'
import { chime } from '@/shell/chime'
import { useActions } from '@/stores/actions'
import { useConversations } from '@/stores/conversations'
import { useLive } from '@/stores/live'
import type { Happened } from '@/stores/live'
import { useLogin } from '@/stores/login'
import { useNotices } from '@/stores/notices'
import { usePanes } from '@/stores/panes'
import { usePreferences } from '@/stores/preferences'

export function useAlerts(): Happened {
  const login = useLogin()
  const live = useLive()
  const conversations = useConversations()
  const actions = useActions()
  const notices = useNotices()
  const panes = usePanes()
  const preferences = usePreferences()
  const router = useRouter()
  const { t } = i18n.global

  watch(
    () => conversations.counts.waiting + conversations.unreadMine,
    (count) => {
      document.title = count ? `(${count}) ${t('shell.name')}` : t('shell.name')
    },
    { immediate: true },
  )

  function isMine(conversation: Conversation | undefined): boolean {
    return conversation?.session?.state === 'agent' && conversation.session.responder?.id === login.me?.id
  }

  function conversation(now: Conversation, before: Conversation | undefined): void {
    if (live.link !== 'live') return
    if (isOfferedTo(now, login.me?.id) && !isOfferedTo(before, login.me?.id)) offered(now)
    else if (waits(now) && !waits(before)) call('waiting', now)
    else if (isMine(now) && !isMine(before)) call('assigned', now)
    else if (isMine(before) && !isMine(now)) lost(now)
  }

  /** Nobody here need answer whom WeChat's own console gets. */
  function waits(conversation: Conversation | undefined): boolean {
    return conversation?.session?.state === 'waiting' && !conversation.session.to_official
  }

  function offered(about: Conversation): void {
    call('offered', about)
    // On a phone an open conversation hides the list in which it is asked.
    if (!panes.isPhone || !live.open || live.open === about.id) return
    const words = t('chat.alert.offered', { name: customerName(about) })
    notices.tell(words, { action: { label: t('chat.alert.look'), run: () => void router.push(`/waiting/${about.id}`) } })
  }

  /** Somebody else has it now, and this agent may not be looking at it. */
  function lost(about: Conversation): void {
    const session = about.session
    if (session?.state !== 'agent' || actions.underWay.has(about.id)) return
    notices.tell(t('chat.alert.lost', { name: customerName(about), agent: session.responder?.name ?? session.responder?.id ?? '?' }))
  }

  function message(id: string, told: Message): void {
    const about = conversations.known.get(id)
    const unseen = document.hidden || live.open !== id
    if (live.link === 'live' && told.direction === 'inbound' && told.type !== 'event' && unseen && about && isMine(about)) {
      call('message', about)
    }
  }

  function call(what: 'waiting' | 'offered' | 'assigned' | 'message', about: Conversation): void {
    if (login.me?.presence === 'offline') return
    if (preferences.sound) chime(what === 'message' ? 'low' : 'high')
    if (preferences.notifications && document.hidden && Notification.permission === 'granted') notify(what, about)
  }

  function notify(what: string, about: Conversation): void {
    const told = new Notification(t(`chat.alert.${what}`, { name: customerName(about) }), {
      body: about.app.name,
      tag: about.id,
      icon: '/favicon.svg',
    })
    told.onclick = () => {
      window.focus()
      void router.push(`/${what === 'waiting' || what === 'offered' ? 'waiting' : 'mine'}/${about.id}`)
      told.close()
    }
  }

  return { conversation, message }
}
