/** What an administrator keeps and every page reads: apps, colleagues, tags, canned replies. Read again when told. */
import { defineStore } from 'pinia'
import { computed, ref, shallowReactive } from 'vue'

import { get } from '@/api/client'
import type { AppSummary, Bridge, CannedReply, Colleague, Group, Presence, Tag } from '@/api/shapes'

interface Items<Item> {
  items: Item[]
}

export const useCatalogue = defineStore('catalogue', () => {
  const apps = ref<AppSummary[]>([])
  const colleagues = ref<Colleague[]>([])
  const groups = ref<Group[]>([])
  const tags = ref<Tag[]>([])
  const cannedReplies = ref<CannedReply[]>([])
  /** By app, of those that were asked for. */
  const bridges = shallowReactive(new Map<string, Bridge[]>())

  const severalApps = computed(() => apps.value.length > 1)

  const lists: Record<string, () => Promise<void>> = {
    apps: async () => {
      apps.value = (await get<Items<AppSummary>>('/apps')).items
      await lists.groups?.()
    },
    agents: async () => {
      colleagues.value = (await get<Items<Colleague>>('/agents')).items
      await lists.groups?.()
    },
    groups: async () => {
      groups.value = (await get<Items<Group>>('/groups')).items
    },
    tags: async () => {
      tags.value = (await get<Items<Tag>>('/tags')).items
    },
    'canned-replies': async () => {
      cannedReplies.value = (await get<Items<CannedReply>>('/canned-replies')).items
    },
    vendors: async () => {
      await Promise.all([...bridges.keys()].map(readBridges))
    },
  }

  async function readBridges(appId: string): Promise<void> {
    bridges.set(appId, (await get<Items<Bridge>>('/bridges', { app: appId })).items)
  }

  /** The vendor accounts of an app are read once somebody asks, and from then on again whenever they change. */
  async function knowBridges(appId: string, anew = false): Promise<void> {
    if (anew || !bridges.has(appId)) await readBridges(appId).catch(() => undefined)
  }

  /** One list by its path; what is no list of ours is nothing to do. A failure leaves what is there. */
  async function refresh(what: string): Promise<void> {
    await lists[what]?.().catch(() => undefined)
  }

  async function load(): Promise<void> {
    await Promise.all(['apps', 'agents', 'tags', 'canned-replies'].map(refresh))
  }

  function takePresence(agentId: string, presence: Presence): void {
    colleagues.value = colleagues.value.map((one) => (one.id === agentId ? { ...one, presence } : one))
  }

  /** By its id; what is no longer listed goes by its id. */
  const appName = (id: string) => apps.value.find((one) => one.id === id)?.name ?? id
  const agentName = (id: string) => colleagues.value.find((one) => one.id === id)?.name ?? id
  const bridgesOf = (appId: string) => bridges.get(appId) ?? []
  const vendorName = (account: string) => [...bridges.values()].flat().find((one) => one.account === account)?.name ?? account
  /** Whoever a session can go to that has a name of its own. */
  const nameOf = (id: string, kind: 'agent' | 'vendor' = 'agent') => (kind === 'vendor' ? vendorName(id) : agentName(id))
  const colorOf = (tag: string) => tags.value.find((one) => one.name === tag)?.color ?? 'grey'

  return { apps, colleagues, groups, tags, cannedReplies, severalApps, refresh, load, takePresence, knowBridges, bridgesOf, appName, agentName, vendorName, nameOf, colorOf }
})
