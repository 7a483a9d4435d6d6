import type { WebhookEvent } from '@/api/shapes'

export const EVENTS: readonly WebhookEvent[] = ['session_opened', 'session_waiting', 'session_assigned', 'session_closed', 'message']
