/** One vendor account as its page holds it: what is stored, and what is being typed over it. */
import { useIntervalFn } from '@vueuse/core'
import { computed, onBeforeUnmount, ref, shallowReactive, shallowRef } from 'vue'
import { useI18n } from 'vue-i18n'

import { vendorFields } from '@/admin/bridges/kinds'
import { changesOf, draftOf, faultOf, fieldsOf } from '@/admin/bridges/schema'
import type { Draft, SettingField } from '@/admin/bridges/schema'
import { faultSaid } from '@/admin/bridges/words'
import { useSaving } from '@/admin/saving'
import { Problem, get, patch } from '@/api/client'
import type { VendorAccount, VendorKind } from '@/api/shapes'
import { problemWords } from '@/desk/problems'
import { useCatalogue } from '@/stores/catalogue'

/** Breakers open and close by themselves, and nobody is told. */
const LOOK_EVERY_MS = 10_000

/** Secrets that were entered since the page was loaded, by account: our addresses may end with one. */
const entered = shallowReactive(new Map<string, Record<string, string>>())

export function remember(id: string, secrets: Record<string, unknown>): void {
  const texts = Object.fromEntries(Object.entries(secrets).filter((one): one is [string, string] => typeof one[1] === 'string'))
  entered.set(id, { ...entered.get(id), ...texts })
}
export const rememberedOf = (id: string): Record<string, string> => entered.get(id) ?? {}

/** What an account of each vendor is made of. */
export async function readKinds(): Promise<VendorKind[]> {
  return (await get<{ items: VendorKind[] }>('/vendors')).items
}

export function useAccountForm(id: string) {
  const { t } = useI18n()
  const saving = useSaving()
  const address = `/vendor-accounts/${encodeURIComponent(id)}`

  const account = shallowRef<VendorAccount | null>(null)
  const kind = shallowRef<VendorKind | null>(null)
  const unread = ref<string | null>(null)
  const name = ref('')
  const draft = ref<Draft>({})
  const bridge = ref<Draft>({})
  const tried = ref(false)

  const vendor = computed(() => (kind.value ? vendorFields(kind.value) : { first: [], others: [] }))
  const own = computed<SettingField[]>(() => [...vendor.value.first, ...vendor.value.others])
  const common = computed<SettingField[]>(() => (kind.value ? fieldsOf(kind.value.bridge) : []))
  const stored = computed(() => ({
    name: account.value?.name ?? '',
    draft: draftOf(own.value, account.value?.settings ?? {}),
    bridge: draftOf(common.value, (account.value?.bridge ?? {}) as Record<string, unknown>),
  }))
  const changes = computed(() => bodyOf())
  const dirty = computed(() => account.value !== null && Object.keys(changes.value).length > 0)

  const faults = computed<Record<string, string>>(() => {
    const found: Record<string, string> = {}
    if (!tried.value) return found
    if (!name.value.trim()) found.name = t('admin.faults.blank')
    for (const field of own.value) {
      const fault = faultOf(field, draft.value[field.name], Boolean(account.value?.secrets[field.name]?.set) && !account.value?.unreadable.includes(field.name))
      if (fault) found[`${field.kind === 'secret' ? 'secrets' : 'settings'}.${field.name}`] = faultSaid(fault, t)
    }
    for (const field of common.value) {
      const fault = faultOf(field, bridge.value[field.name], false)
      if (fault) found[`bridge.${field.name}`] = faultSaid(fault, t)
    }
    return found
  })
  const errors = computed(() => ({ ...saving.errors.value, ...faults.value }))

  function bodyOf(): Record<string, unknown> {
    const plain = own.value.filter((field) => field.kind !== 'secret')
    const secret = own.value.filter((field) => field.kind === 'secret')
    const parts = {
      settings: changesOf(plain, draft.value, stored.value.draft),
      secrets: changesOf(secret, draft.value, stored.value.draft),
      bridge: changesOf(common.value, bridge.value, stored.value.bridge),
    }
    const changed = Object.entries(parts).filter(([, part]) => Object.keys(part).length)
    return { ...(name.value.trim() === stored.value.name ? {} : { name: name.value.trim() }), ...Object.fromEntries(changed) }
  }

  function drop(): void {
    name.value = stored.value.name
    draft.value = { ...stored.value.draft }
    bridge.value = { ...stored.value.bridge }
    tried.value = false
    saving.failure.value = null
    saving.errors.value = {}
  }

  /** What is stored now; what is being typed stays. */
  function take(fresh: VendorAccount): void {
    const untouched = !dirty.value
    account.value = fresh
    if (untouched) drop()
  }

  async function read(): Promise<void> {
    try {
      const [kinds, fresh] = await Promise.all([kind.value ? null : readKinds(), get<VendorAccount>(address)])
      if (kinds) kind.value = kinds.find((one) => one.kind === fresh.vendor) ?? null
      unread.value = null
      take(fresh)
    } catch (refused) {
      if (!(refused instanceof Problem)) throw refused
      if (!account.value) unread.value = problemWords(refused.document, t)
    }
  }

  async function save(): Promise<boolean> {
    tried.value = true
    if (!account.value || Object.keys(faults.value).length) return false
    const body = changes.value
    const version = account.value.version
    const done = await saving.save(
      async () => {
        const fresh = await patch<VendorAccount>(address, { version, ...body })
        remember(id, (body.secrets ?? {}) as Record<string, unknown>)
        account.value = fresh
        drop()
      },
      (problem) => (problem.code === 'conflict' ? { what: t('admin.changed_meanwhile') } : null),
    )
    if (!done && saving.failure.value === t('admin.changed_meanwhile')) await read()
    return done
  }

  const stop = useCatalogue().$onAction(({ name: action, args }) => {
    if (action === 'refresh' && args[0] === 'vendors') void read()
  })
  onBeforeUnmount(stop)
  useIntervalFn(() => void (document.hidden || read()), LOOK_EVERY_MS)
  void read()

  return { account, kind, unread, name, draft, bridge, vendor, common, dirty, errors, busy: saving.busy, failure: saving.failure, read, take, drop, save }
}
