/** What differs between the groups' robots. Pure. */
import type { NotifierKind } from '@/api/shapes'

export const KINDS: readonly NotifierKind[] = ['wecom', 'feishu', 'dingtalk']

/** Where their addresses begin, as an example of what to look for. */
export const SAMPLES: Record<NotifierKind, string> = {
  wecom: 'https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=…',
  feishu: 'https://open.feishu.cn/open-apis/bot/v2/hook/…',
  dingtalk: 'https://oapi.dingtalk.com/robot/send?access_token=…',
}

export const signs = (kind: NotifierKind): boolean => kind !== 'wecom'

/** The kind whose robots have such addresses; null: it cannot be told (a proxy of one's own, say). */
export function kindOf(url: string): NotifierKind | null {
  if (/^https:\/\/qyapi\.weixin\.qq\.com\//.test(url)) return 'wecom'
  if (/^https:\/\/open\.(?:feishu\.cn|larksuite\.com)\//.test(url)) return 'feishu'
  return /^https:\/\/(?:oapi|api)\.dingtalk\.com\//.test(url) ? 'dingtalk' : null
}
