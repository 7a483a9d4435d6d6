import { account } from './admin/account'
import { audit } from './admin/audit'
import { bridges } from './admin/bridges'
import { calls, faults, forms } from './admin/forms'
import { notifiers, outgoing, tokens, webhooks } from './admin/outgoing'
import { canned, tags } from './admin/replies'

export const admin = {
  sections: {
    account: 'Your account',
    'canned-replies': 'Canned replies',
    apps: 'Mini programs',
    bridges: 'Bridges',
    agents: 'Agents and groups',
    tags: 'Tags',
    notifiers: 'Group robots',
    webhooks: 'Webhooks',
    tokens: 'API tokens',
    audit: 'Audit log',
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
