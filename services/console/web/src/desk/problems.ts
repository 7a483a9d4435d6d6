/** A problem in words for an agent: what happened and what to do. */
import type { ProblemDocument } from '@/api/client'

type Translate = (key: string, values: Record<string, unknown>) => string

export function problemWords(problem: ProblemDocument, t: Translate): string {
  const name = problem.by?.name ?? problem.by?.id ?? '?'
  return t(`problems.${problem.code}`, { name, detail: problem.detail, parts: problem.parts ?? 2 })
}
