/** Sound, desktop notification, title and icon: what calls an agent who looks elsewhere. */
import { watch } from 'vue'
import { useRouter } from 'vue-router'

import type { Conversation, Message } from '@/api/shapes'
import { customerName } from '@/desk/names'
import { i18n } from '@/i18n'
import { chime } from '@/shell/chime'
import { useConversations } from '@/stores/conversations'
import { useLive } from '@/stores/live'
import type { Happened } from '@/stores/live'
import { useLogin } from '@/stores/login'
import { usePreferences } from '@/stores/preferences'

export function useAlerts(): Happened {
  const login = useLogin()
  const live = useLive()
  const conversations = useConversations()
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
    if (now.session?.state === 'waiting' && before?.session?.state !== 'waiting') call('waiting', now)
    else if (isMine(now) && !isMine(before)) call('assigned', now)
  }

  function message(id: string, told: Message): void {
    const about = conversations.known.get(id)
    const unseen = document.hidden || live.open !== id
    if (live.link === 'live' && told.direction === 'inbound' && told.type !== 'event' && unseen && about && isMine(about)) {
      call('message', about)
    }
  }

  function call(what: 'waiting' | 'assigned' | 'message', about: Conversation): void {
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
      void router.push(`/${what === 'waiting' ? 'waiting' : 'mine'}/${about.id}`)
      told.close()
    }
  }

  return { conversation, message }
}
