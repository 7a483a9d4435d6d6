/** Why a call to another system or to a group's robot does not count, in words. Pure. */

type Translate = (key: string, values: Record<string, unknown>) => string

const FAILURES: readonly [RegExp, string][] = [
  [/^HTTP (\d+): redirects are not followed$/, 'redirect'],
  [/^HTTP (\d+), and not the answer of such a robot$/, 'no_robot'],
  [/^HTTP (\d+)$/, 'status'],
  [/^no answer within (\d+) s$/, 'slow'],
  [/^no connection$/, 'no_connection'],
  [/^the host's name is not known$/, 'no_host'],
  [/^its certificate is not accepted/, 'certificate'],
  [/^the connection ended before/, 'cut'],
  [/^http is only for private and loopback addresses|^the host's name leads to an address/, 'reach'],
  [/^the webhook was disabled$/, 'disabled'],
  [/^(\d+): the address is wrong, or the robot was removed$/, 'robot_gone'],
  [/^(\d+): too many messages/, 'robot_busy'],
  [/^(\d+): the secret is wrong/, 'robot_secret'],
  [/^(\d+): the robot does not allow this machine/, 'robot_address'],
  [/^(\d+): the robot asks for a keyword/, 'robot_keyword'],
  [/^(\d+): refused by the robot's security settings/, 'robot_security'],
]

export function failureWords(failure: string, t: Translate): string {
  for (const [pattern, name] of FAILURES) {
    const hit = pattern.exec(failure)
    if (hit) return t(`admin.calls.${name}`, { value: hit[1] ?? '' })
  }
  return failure
}
