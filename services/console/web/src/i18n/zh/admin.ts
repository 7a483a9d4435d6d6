import { account } from './admin/account'
import { audit } from './admin/audit'
import { bridges } from './admin/bridges'
import { calls, faults, forms } from './admin/forms'
import { notifiers, outgoing, tokens, webhooks } from './admin/outgoing'
import { canned, tags } from './admin/replies'

export const admin = {
  sections: {
    account: '账户与偏好',
    'canned-replies': '快捷回复',
    apps: '小程序',
    bridges: '第三方客服',
    agents: '客服与分组',
    tags: '标签',
    notifiers: '群机器人提醒',
    webhooks: 'Webhook',
    tokens: 'API 令牌',
    audit: '操作日志',
  },
  ...forms,
  faults,
  calls,
  account,
  canned,
  tags,
  outgoing,
  notifiers,
  webhooks,
  tokens,
  audit,
  bridges,
}
