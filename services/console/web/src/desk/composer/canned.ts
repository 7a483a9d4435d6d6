/** Which canned replies fit what was typed after the slash, the best first. Pure. */
import type { CannedReply } from '@/api/shapes'

const MOST = 50

/** What was typed after a slash at the very start; null: nothing is asked for. */
export function askedFor(text: string): string | null {
  return text.startsWith('/') && !text.includes('\n') ? text.slice(1).trim() : null
}

export function matching(replies: readonly CannedReply[], query: string, appId: string): CannedReply[] {
  const wanted = query.toLocaleLowerCase()
  return replies
    .filter((reply) => reply.app_id === null || reply.app_id === appId)
    .map((reply) => ({ reply, rank: rankOf(reply, wanted) }))
    .filter(({ rank }) => rank !== null)
    .sort((one, other) => (one.rank ?? 0) - (other.rank ?? 0) || one.reply.shortcut.localeCompare(other.reply.shortcut))
    .slice(0, MOST)
    .map(({ reply }) => reply)
}

function rankOf(reply: CannedReply, wanted: string): number | null {
  const shortcut = reply.shortcut.toLocaleLowerCase().replace(/^\//, '')
  const title = reply.title.toLocaleLowerCase()
  if (shortcut === wanted) return 0
  if (shortcut.startsWith(wanted)) return 1
  if (title.startsWith(wanted)) return 2
  if (shortcut.includes(wanted) || title.includes(wanted)) return 3
  return reply.text.toLocaleLowerCase().includes(wanted) ? 4 : null
}
