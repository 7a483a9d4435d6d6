/** One app as its page holds it: what is stored, what is being typed over it, and what somebody else made of it meanwhile. */
import { computed, onBeforeUnmount, ref, shallowRef } from 'vue'
import { useI18n } from 'vue-i18n'

import { useFirstPush } from '@/admin/apps/first-push'
import { faultWords, faultsOf } from '@/admin/apps/checking'
import { draftOf, settingsOf } from '@/admin/apps/draft'
import type { SettingsDraft } from '@/admin/apps/draft'
import { merged, same } from '@/admin/apps/merging'
import { policyFaultWords } from '@/admin/apps/policy-faults'
import { standing } from '@/admin/apps/tabs'
import { useSaving } from '@/admin/saving'
import { Problem, get, put } from '@/api/client'
import type { AppDetail, AppSettings } from '@/api/shapes'
import { problemWords } from '@/desk/problems'
import { useCatalogue } from '@/stores/catalogue'
import { useLogin } from '@/stores/login'

export interface Meanwhile {
  readonly now: AppDetail
  /** Who made it so; null: not ours to know. */
  readonly by: string | null
}

export function useAppForm(appId: string) {
  const { t } = useI18n()
  const login = useLogin()
  const catalogue = useCatalogue()
  const saving = useSaving()
  const address = `/apps/${encodeURIComponent(appId)}`

  const detail = shallowRef<AppDetail | null>(null)
  const draft = ref<SettingsDraft | null>(null)
  /** What the draft was made from, written as a draft writes it. */
  const base = shallowRef<AppSettings | null>(null)
  const unread = ref<string | null>(null)
  const meanwhile = shallowRef<Meanwhile | null>(null)
  /** What both changed, where mine is in the draft. */
  const contested = ref<(keyof AppSettings)[]>([])
  const tried = ref(false)

  const dirty = computed(() => draft.value !== null && !same(settingsOf(draft.value), base.value))
  const faults = computed(() => (draft.value && tried.value ? faultsOf(draft.value) : {}))
  /** What was sent last, and what the console said of it, by places below the settings. */
  const sent = shallowRef<AppSettings | null>(null)
  const refused = computed(() => {
    const told = Object.fromEntries(Object.entries(saving.errors.value).map(([where, what]) => [where.replace(/^settings\./, ''), policyFaultWords(what, catalogue.nameOf, t)]))
    return sent.value && draft.value ? standing(told, sent.value, settingsOf(draft.value)) : told
  })
  const errors = computed(() => ({
    ...refused.value,
    ...Object.fromEntries(Object.entries(faults.value).map(([where, fault]) => [where, faultWords(fault, t)])),
  }))

  function take(fresh: AppDetail, mine?: AppSettings): void {
    detail.value = fresh
    base.value = settingsOf(draftOf(fresh.settings))
    draft.value = draftOf(mine ?? fresh.settings)
    meanwhile.value = null
  }

  /** What is stored now: taken where nothing is lost by it, else offered. */
  async function adopt(fresh: AppDetail): Promise<void> {
    const untouched = base.value && same(settingsOf(draftOf(fresh.settings)), base.value)
    if (!dirty.value) take(fresh)
    else if (untouched) detail.value = fresh
    else meanwhile.value = { now: fresh, by: await lastAuthor() }
  }

  async function read(): Promise<void> {
    try {
      const fresh = await get<AppDetail>(address)
      unread.value = null
      if (fresh.version !== detail.value?.version) await adopt(fresh)
      else detail.value = fresh
    } catch (refused) {
      if (!(refused instanceof Problem)) throw refused
      if (!detail.value) unread.value = problemWords(refused.document, t)
    }
  }

  async function save(): Promise<boolean> {
    if (!draft.value || !detail.value) return false
    tried.value = true
    if (Object.keys(faults.value).length) return false
    const body = { version: detail.value.version, settings: settingsOf(draft.value) }
    sent.value = body.settings
    const done = await saving.save(
      async () => {
        take(await put<AppDetail>(`${address}/settings`, body))
        tried.value = false
        contested.value = []
      },
      (problem) => {
        if (problem.code === 'conflict') return { what: t('apps.meanwhile.refused') }
        return problem.code === 'forbidden' ? { what: t('apps.keeping.admins_only'), where: 'retention_days' } : null
      },
    )
    if (!done && saving.failure.value === t('apps.meanwhile.refused')) await read()
    return done
  }

  /** Theirs, with what I changed over it; the next save goes out on their version. */
  function combine(): void {
    if (!meanwhile.value || !base.value || !draft.value) return
    const theirs = settingsOf(draftOf(meanwhile.value.now.settings))
    const { settings, both } = merged(base.value, settingsOf(draft.value), theirs)
    contested.value = both
    saving.failure.value = null
    take(meanwhile.value.now, settings)
  }

  function drop(): void {
    const fresh = meanwhile.value?.now ?? detail.value
    if (fresh) take(fresh)
    tried.value = false
    contested.value = []
    saving.failure.value = null
    saving.errors.value = {}
  }

  async function lastAuthor(): Promise<string | null> {
    if (!login.administers) return null
    const entries = get<{ items: { by: { id: string; name: string | null } }[] }>('/audit', { target: appId, limit: 1 })
    const by = await entries.then(({ items }) => items[0]?.by).catch(() => undefined)
    return by ? (by.name ?? by.id) : null
  }

  // The live socket hands every word of changed settings to the catalogue.
  const stop = catalogue.$onAction(({ name, args }) => {
    if (name === 'refresh' && args[0] === 'apps') void read()
  })
  onBeforeUnmount(stop)
  useFirstPush(() => detail.value, read)
  void read()

  return { detail, draft, dirty, errors, unread, meanwhile, contested, busy: saving.busy, failure: saving.failure, read, adopt, save, combine, drop }
}
