/** What went wrong and what to do, by the console's problem codes. */
export const problems = {
  login_required: '登录已失效，请重新登录。',
  forbidden: '您没有权限执行此操作。',
  not_yours: '此会话不由您接待。请先接入，或请主管转接给您。',
  taken: '{name} 已先接入此会话。',
  at_capacity: '接待数已满：先结束一个会话，或调高接待上限。',
  window_closed: '微信不允许现在发送：客户 48 小时内没有发过消息。可等客户再次发来消息后自动发送。',
  quota_used: '本轮可发送的消息已用完。可等客户再次发来消息后自动发送。',
  text_too_long: '消息超过微信的 2048 字节上限。可拆成 {parts} 条发送，或缩短内容。',
  image_invalid: '此文件不是微信支持的图片。请使用 JPEG、PNG 或 GIF。',
  too_large: '文件过大。请使用不超过 2 MB 的图片。',
  not_found: '没有找到：可能已被删除，或您无权查看。',
  conflict: '情况已变化，请看最新状态后再试。',
  invalid: '内容有误：{detail}',
  rate_limited: '操作过于频繁，请稍候再试。',
  unavailable: '服务暂时不可用，请稍后再试。',
  unreachable: '连接不到服务器。请检查网络，恢复后再试。',
}
