/** What an agent sets about oneself: presence, auto-accept, looks, sounds. The same items in every menu. */
import { Bell, BellOff, Languages, LogOut, Moon, ShieldCheck, Volume2, VolumeX } from '@lucide/vue'
import { computed } from 'vue'
import { useI18n } from 'vue-i18n'
import { useRouter } from 'vue-router'

import { Problem } from '@/api/client'
import type { Presence } from '@/api/shapes'
import { problemWords } from '@/desk/problems'
import { useActions } from '@/stores/actions'
import { useLogin } from '@/stores/login'
import { useNotices } from '@/stores/notices'
import { usePreferences } from '@/stores/preferences'
import type { Theme } from '@/stores/preferences'
import type { MenuItem } from '@/ui/UiMenu.vue'

const PRESENCES: readonly Presence[] = ['online', 'away', 'offline']
const THEMES: readonly Theme[] = ['system', 'light', 'dark']

export function useOwnChanges() {
  const { t } = useI18n()
  const login = useLogin()
  const notices = useNotices()
  const preferences = usePreferences()

  async function change(changes: Parameters<typeof login.change>[0]): Promise<void> {
    try {
      await login.change(changes)
    } catch (failure) {
      if (!(failure instanceof Problem)) throw failure
      notices.tell(problemWords(failure.document, t), { tone: 'bad' })
    }
  }

  /** Asked of the browser here, where the agent wants it, and nowhere else. */
  async function switchNotifications(): Promise<void> {
    if (preferences.notifications) preferences.notifications = false
    else if ((await Notification.requestPermission()) === 'granted') preferences.notifications = true
    else notices.tell(t('shell.notifications_denied'), { tone: 'bad' })
  }

  return { change, switchNotifications }
}

export function useOwnItems() {
  const { t } = useI18n()
  const login = useLogin()
  const preferences = usePreferences()
  const actions = useActions()
  const router = useRouter()
  const { change, switchNotifications } = useOwnChanges()

  function nextTheme(): void {
    const next = (THEMES.indexOf(preferences.theme) + 1) % THEMES.length
    preferences.theme = THEMES[next] ?? 'system'
  }

  async function leave(): Promise<void> {
    actions.flush()
    await login.logOut()
    await router.push('/')
  }

  return computed<MenuItem[]>(() => [
    ...PRESENCES.map((presence) => ({
      label: t(`shell.presence.${presence}`),
      chosen: login.me?.presence === presence,
      select: () => void change({ presence }),
    })),
    {
      label: t('shell.auto_accept'),
      chosen: login.me?.auto_accept ?? false,
      separated: true,
      select: () => void change({ auto_accept: !login.me?.auto_accept }),
    },
    {
      label: t('shell.capacity'),
      hint: `${login.me?.load ?? 0} / ${login.me?.capacity ?? 0}`,
      select: () => void router.push('/settings/account'),
    },
    {
      label: t('shell.sound'),
      icon: preferences.sound ? Volume2 : VolumeX,
      chosen: preferences.sound,
      separated: true,
      select: () => (preferences.sound = !preferences.sound),
    },
    {
      label: t('shell.notifications'),
      icon: preferences.notifications ? Bell : BellOff,
      chosen: preferences.notifications,
      select: () => void switchNotifications(),
    },
    { label: t('shell.theme.label'), icon: Moon, hint: t(`shell.theme.${preferences.theme}`), select: nextTheme },
    {
      label: preferences.language === 'zh' ? 'English' : '中文',
      icon: Languages,
      select: () => (preferences.language = preferences.language === 'zh' ? 'en' : 'zh'),
    },
    { label: t('shell.account'), icon: ShieldCheck, separated: true, select: () => void router.push('/settings/account') },
    { label: t('shell.log_out'), icon: LogOut, select: () => void leave() },
  ])
}
