/** Why a change of an agent was refused, in words and at its field. Pure. */
import type { ProblemDocument } from '@/api/client'

/** The console says only "conflict": which one it is follows from what was asked. */
export function explained(problem: ProblemDocument, asked: Record<string, unknown>, t: (key: string) => string): { what: string; where?: string } | null {
  if (problem.code !== 'conflict') return null
  if (asked.enabled === false) return { what: t('agents.last_admin') }
  if (asked.role !== undefined && asked.role !== 'admin') return { what: t('agents.last_admin'), where: 'role' }
  return asked.presence === undefined ? null : { what: t('agents.stays_offline'), where: 'presence' }
}
