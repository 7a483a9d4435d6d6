/**
 * What a test of the connection found, in the page's words. The console says it in English sentences; those that are
 * known here are told apart by how they read, any other is shown as it came. Pure.
 */

export interface Said {
  readonly key: string
  readonly values: Record<string, string>
}

/** Each with its key below `apps.test.found`, and the names of what it captures. Sources are in services/console/administering/checks. */
const FOUND: readonly [RegExp, string, ...string[]][] = [
  [/^WeChat gives a token, good for (\d+) s$/, 'token', 'seconds'],
  [/^WeChat gives no token: (.*) \((\w+)\)$/, 'no_token', 'reason', 'code'],
  [/^no callback URL is saved at WeChat$/, 'no_callback'],
  [/^WeChat could not look for our server: (.*)$/, 'not_looked', 'reason'],
  [/^WeChat finds no address for our callback URL$/, 'no_address'],
  [/^WeChat's pings to (.*) are lost$/, 'pings_lost', 'addresses'],
  [/^WeChat reaches our server at (.*)$/, 'reached', 'addresses'],
  [/^the sandbox pushes to the gateway itself, no public address is needed$/, 'sandbox'],
  [/^its callback URL is not known here$/, 'url_unknown'],
  [/^WeChat will not take the callback URL (\S+): /, 'url_refused', 'url'],
  [/^callback URL (\S+)$/, 'url', 'url'],
  [/^the gateway(?: at \S+)? does not answer \((\w+)\)$/, 'gateway_silent', 'reason'],
  [/^the gateway answers WeChat's check of the callback URL$/, 'gateway'],
  [/^the gateway(?: at \S+)? answers (\d+) to WeChat's check$/, 'gateway_wrong', 'status'],
  [/^the gateway answers at (\S+), too$/, 'gateway_public', 'address'],
  [/^the gateway was not asked$/, 'gateway_not_asked'],
  [/^no genuine push has ever arrived$/, 'never'],
  [/^the last genuine push arrived (\S+ \S+), (\d+) days ago$/, 'pushed', 'at', 'days'],
  [/^is disabled: its pushes are refused and nothing is sent$/, 'disabled'],
  [/^(.*) cannot be read: sealed with a lost key$/, 'unreadable', 'secrets'],
  [/^some stored settings are not good and are served mended: (.*)$/, 'mended', 'faults'],
  [/^nobody is in the groups that serve it \((.*)\), so its customers wait for ever$/, 'nobody', 'groups'],
]

/** Below `apps.test.advice`. */
const ADVICE: readonly [RegExp, string, ...string[]][] = [
  [/^save it at mp\.weixin\.qq\.com, /, 'save_callback'],
  [/^try again later$/, 'later'],
  [/^correct its name in the DNS$/, 'dns'],
  [/^fine if your firewall drops pings; else open it to WeChat$/, 'firewall'],
  [/^add (\S+) at mp\.weixin\.qq\.com, /, 'whitelist', 'address'],
  [/^add this server's address at mp\.weixin\.qq\.com, /, 'whitelist_own'],
  [/^copy the AppSecret again and save it with the app$/, 'secret'],
  [/^have the mini program's administrator confirm this address in WeChat$/, 'consent'],
  [/^see that this machine reaches WECHAT_API_BASE, then try again$/, 'reach'],
  [/^set PUBLIC_BASE_URL to the gateway's address$/, 'public_url'],
  [/^correct PUBLIC_BASE_URL$/, 'correct_url'],
  [/^start it, or correct its address; WeChat gives up after 5 s$/, 'start'],
  [/^set GATEWAY_URL or PUBLIC_BASE_URL$/, 'gateway_url'],
  [/^save the callback URL at mp\.weixin\.qq\.com, then write to the mini program's customer service$/, 'try_out'],
  [/^it does not know the app: wait 10 s, and see that it uses the same MongoDB$/, 'unknown_app'],
  [/^it has another Token for the app: wait 10 s, and see that it uses the same MongoDB$/, 'other_token'],
  [/^see that the address leads to the gateway and that nothing before it changes answers$/, 'other_server'],
  [/^set `enabled` to true to bring it back$/, 'enable'],
  [/^save the app's settings again, as they should be$/, 'save_settings'],
  [/^(?:put the key back|enter (?:the secrets|them) again)/, 'enter_again'],
  [/^put an agent into one of them, or change assignment\.groups in its settings$/, 'staff'],
]

/** Null: in no words of ours. */
export function foundSaid(what: string, appId: string): Said | null {
  return said(FOUND, withoutApp(what, appId))
}

export function adviceSaid(advice: string): Said | null {
  return said(ADVICE, advice)
}

/** Every sentence begins with the app it is about; here there is only one. */
export function withoutApp(what: string, appId: string): string {
  return what.startsWith(appId) ? what.slice(appId.length).replace(/^:? /, '') : what
}

function said(known: typeof FOUND, sentence: string): Said | null {
  for (const [pattern, key, ...names] of known) {
    const hit = pattern.exec(sentence)
    if (hit) return { key, values: Object.fromEntries(names.map((name, place) => [name, hit[place + 1] ?? ''])) }
  }
  return null
}
