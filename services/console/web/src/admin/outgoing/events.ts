import type { WebhookEvent } from '@/api/shapes'

export const EVENTS: readonly WebhookEvent[] = [
  'session_opened',
  'session_waiting',
  'session_offered',
  'session_assigned',
  'session_bridged',
  'session_closed',
  'session_rated',
  'attention',
  'message',
]
