export const customer = {
  closed_notice: '「{name}」的会话已关闭',
  transferred_notice: '「{name}」已转接给 {to}',
}
