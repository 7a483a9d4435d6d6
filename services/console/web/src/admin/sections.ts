/** The pages of the settings, and who may open them. */
import { Bell, KeyRound, ListChecks, MessageSquareQuote, Smartphone, Tags, UserRound, Users, Waypoints, Webhook } from '@lucide/vue'
import { defineAsyncComponent } from 'vue'
import type { Component } from 'vue'

import type { Me } from '@/api/shapes'

export interface Section {
  readonly name: 'account' | 'canned-replies' | 'apps' | 'bridges' | 'agents' | 'tags' | 'notifiers' | 'webhooks' | 'tokens' | 'audit'
  readonly icon: Component
  readonly role: Me['role']
  readonly page: Component
}

const RANKS: readonly Me['role'][] = ['agent', 'supervisor', 'admin']

export const SECTIONS: readonly Section[] = [
  { name: 'account', icon: UserRound, role: 'agent', page: defineAsyncComponent(() => import('./AccountSection.vue')) },
  { name: 'canned-replies', icon: MessageSquareQuote, role: 'agent', page: defineAsyncComponent(() => import('./CannedRepliesSection.vue')) },
  { name: 'apps', icon: Smartphone, role: 'supervisor', page: defineAsyncComponent(() => import('./AppsSection.vue')) },
  { name: 'bridges', icon: Waypoints, role: 'supervisor', page: defineAsyncComponent(() => import('./BridgesSection.vue')) },
  { name: 'agents', icon: Users, role: 'supervisor', page: defineAsyncComponent(() => import('./AgentsSection.vue')) },
  { name: 'tags', icon: Tags, role: 'supervisor', page: defineAsyncComponent(() => import('./TagsSection.vue')) },
  { name: 'notifiers', icon: Bell, role: 'admin', page: defineAsyncComponent(() => import('./NotifiersSection.vue')) },
  { name: 'webhooks', icon: Webhook, role: 'admin', page: defineAsyncComponent(() => import('./WebhooksSection.vue')) },
  { name: 'tokens', icon: KeyRound, role: 'admin', page: defineAsyncComponent(() => import('./TokensSection.vue')) },
  { name: 'audit', icon: ListChecks, role: 'admin', page: defineAsyncComponent(() => import('./AuditSection.vue')) },
]

export function sectionsFor(me: Me): Section[] {
  return SECTIONS.filter((section) => RANKS.indexOf(me.role) >= RANKS.indexOf(section.role))
}
