/** Who is logged in here, and whether that still holds. */
import { defineStore } from 'pinia'
import { computed, ref } from 'vue'

import { Problem, get, onLoginEnded, patch, post } from '@/api/client'
import type { LoggedIn, Me, Presence } from '@/api/shapes'

export const useLogin = defineStore('login', () => {
  const me = ref<Me | null>(null)
  /** The login ended while its agent was at work: asked for again on top of the page, which stays as it is. */
  const expired = ref(false)
  /** Counts logins, so that whatever stands on one can start again. */
  const round = ref(0)

  const supervises = computed(() => me.value !== null && me.value.role !== 'agent')
  const administers = computed(() => me.value?.role === 'admin')

  onLoginEnded(() => {
    if (me.value) expired.value = true
  })

  /** Whether the browser's cookie still lets us in. Throws where the console is out of reach. */
  async function restore(): Promise<boolean> {
    try {
      me.value = await get<Me>('/me')
      return true
    } catch (failure) {
      if (failure instanceof Problem && failure.code === 'login_required') return false
      throw failure
    }
  }

  async function logIn(login: string, password: string, code?: string): Promise<void> {
    const answer = await post<LoggedIn>('/login', code ? { login, password, code } : { login, password })
    me.value = answer.agent
    expired.value = false
    round.value += 1
  }

  async function logOut(): Promise<void> {
    await post('/logout').catch(() => undefined)
    me.value = null
    expired.value = false
  }

  async function refresh(): Promise<void> {
    me.value = await get<Me>('/me')
  }

  async function change(changes: { presence?: Presence; capacity?: number; auto_accept?: boolean; away_after_seconds?: number | null }): Promise<void> {
    const before = me.value
    if (before) me.value = { ...before, ...changes }
    try {
      me.value = await patch<Me>('/me', changes)
    } catch (failure) {
      me.value = before
      throw failure
    }
  }

  function end(): void {
    if (me.value) expired.value = true
  }

  return { me, expired, round, supervises, administers, restore, logIn, logOut, refresh, change, end }
})
