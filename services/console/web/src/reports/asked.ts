/** What the page is asked to show, kept in its address: a report can be sent to a colleague, and Back goes back. */
import { computed } from 'vue'
import type { LocationQuery } from 'vue-router'
import { useRoute, useRouter } from 'vue-router'

import { BYS } from './measures'
import type { By } from './measures'
import { PERIODS } from './periods'
import type { PeriodName } from './periods'

export interface Asked {
  period: PeriodName
  from: string
  to: string
  by: By
  app: string
  group: string
  agent: string
}

/** As the address says; what it does not say, or says wrongly, is as it is at first. */
export function read(query: LocationQuery): Asked {
  const text = (name: string) => (typeof query[name] === 'string' ? query[name] : '')
  const period = PERIODS.find((one) => one === text('period')) ?? 'week'
  const by = BYS.find((one) => one === text('by')) ?? (period === 'today' ? 'hour' : 'day')
  return { period, by, from: text('from'), to: text('to'), app: text('app'), group: text('group'), agent: text('agent') }
}

/** Only what is not as at first. */
export function written(asked: Asked): Record<string, string> {
  const plain = read({ period: asked.period })
  const own = asked.period === 'own' ? asked : { ...asked, from: '', to: '' }
  return Object.fromEntries(Object.entries(own).filter(([name, value]) => value !== '' && (name === 'period' ? value !== 'week' : value !== plain[name as keyof Asked])))
}

export function useAsked() {
  const route = useRoute()
  const router = useRouter()
  const asked = computed(() => read(route.query))
  const change = (what: Partial<Asked>) => void router.replace({ query: written({ ...asked.value, ...what }) })
  return { asked, change }
}
