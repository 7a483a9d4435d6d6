/** What the console says is wrong with a field, in words. What is unknown here stays as the console has it. Pure. */
import type { ProblemDocument } from '@/api/client'

type Translate = (key: string, values: Record<string, unknown>) => string

const FAULTS: readonly [RegExp, string][] = [
  [/^must not be blank/, 'blank'],
  [/^(?:Field required|must not be null)$/, 'blank'],
  [/^String should have at least 1 character$/, 'blank'],
  [/^List should have at least 1 item/, 'none_chosen'],
  [/^(?:must|String should) have at most (\d+) characters$/, 'too_long'],
  [/^must have (\d+) to (?:\d+) characters$/, 'too_short'],
  [/^Input should be greater than or equal to (\d+)$/, 'too_small'],
  [/^Input should be less than or equal to (\d+)$/, 'too_large'],
  [/^Input should be a valid (?:integer|number)/, 'no_number'],
  [/^is (\d+) bytes; WeChat takes at most \d+/, 'too_many_bytes'],
  [/^must not be the login$/, 'is_login'],
  [/^must be another than the current one/, 'same_password'],
  [/^must be without white space$/, 'white_space'],
  [/^there is no such app$|^there is no app (.+)\.$/, 'no_app'],
  [/^there is no variable \{(.*)\}$/, 'no_variable'],
  [/^not the one that the authenticator app shows/, 'wrong_code'],
  [/is too long, or has spaces in it$/, 'url_spaces'],
  [/is masked; give the whole address$/, 'url_masked'],
  [/is malformed$/, 'url_malformed'],
  [/must begin with https:\/\//, 'url_scheme'],
  [/must not carry a login or a fragment$/, 'url_login'],
  [/http is only for private and loopback addresses/, 'url_plain'],
  [/must not name this address/, 'url_reach'],
]

export function faultWords(what: string, t: Translate): string {
  for (const [pattern, name] of FAULTS) {
    const hit = pattern.exec(what)
    if (hit) return t(`admin.faults.${name}`, { value: hit[1] ?? '' })
  }
  return what.replace(/^Value error, /, '')
}

/** By place. Where the console names none apart, its sentence may begin with the field: "code: not the one …". */
export function faultsOf(problem: ProblemDocument, t: Translate): Record<string, string> {
  if (problem.errors) return Object.fromEntries(problem.errors.map(({ where, what }) => [where, faultWords(what, t)]))
  const named = problem.code === 'invalid' ? /^([a-z_]+): (.+)$/.exec(problem.detail) : null
  return named?.[1] && named[2] ? { [named[1]]: faultWords(named[2], t) } : {}
}
