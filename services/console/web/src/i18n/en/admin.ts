export const admin = {
  sections: {
    account: 'Account and taste',
    'canned-replies': 'Canned replies',
    apps: 'Mini programs',
    agents: 'Agents and groups',
    tags: 'Tags',
    notifiers: 'Group robots',
    webhooks: 'Webhooks',
    tokens: 'API tokens',
    audit: 'Audit log',
  },
}
