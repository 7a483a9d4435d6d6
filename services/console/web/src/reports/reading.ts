/** The report that is asked for, and the figures of the time before it. */
import { computed, ref, shallowRef, watch } from 'vue'
import type { Ref } from 'vue'

import type { Asked } from './asked'
import { before, dayOf, daysOf, faultOf } from './periods'
import { get } from '@/api/client'
import type { Report, ReportFigures } from '@/api/shapes'
import { useAsking } from '@/desk/asking'
import { useClock } from '@/stores/clock'
import { useLogin } from '@/stores/login'

const EXPORT = '/api/v1/reports/export'

export function useReport(asked: Ref<Asked>) {
  const clock = useClock()
  const login = useLogin()
  const report = shallowRef<Report | null>(null)
  const earlier = shallowRef<ReportFigures | null>(null)
  /** That of the app, or of the installation, once a report has told it: their today may not be this browser's. */
  const zone = ref<string | null>(null)
  const { busy, failure, ask } = useAsking()
  const comparison = useAsking()

  const today = computed(() => dayOf(clock.now, zone.value))
  const days = computed(() => daysOf(asked.value.period, asked.value, today.value))
  const fault = computed(() => faultOf(days.value))
  const query = computed(() => {
    const { by, app, group, agent } = asked.value
    return { ...days.value, by, app, group, agent }
  })
  const exported = computed(() => `${EXPORT}?${new URLSearchParams(Object.entries(query.value).filter(([, value]) => value))}`)

  async function load(): Promise<void> {
    if (fault.value || !login.supervises) return
    const { app, group, agent } = query.value
    const told = await ask((signal) => get<Report>('/reports', query.value, signal))
    if (!told) return
    report.value = told
    zone.value = told.time_zone
    earlier.value = null
    const then = before(told.from, told.to, Date.now())
    const answer = await comparison.ask((signal) => get<Report>('/reports', { ...then, by: 'app', app, group, agent }, signal))
    earlier.value = answer?.total ?? null
  }

  watch(() => JSON.stringify(query.value), () => void load(), { immediate: true })

  return { report, earlier, days, fault, busy, failure, exported, load }
}
