export const chat = {
  nothing: { title: '选择一个会话开始接待', waiting: '{count} 位客户在等待', move: '上下移动', open: '打开' },
  alert: { waiting: '{name} 在等待接待', assigned: '{name} 已分配给您', message: '{name} 发来新消息' },
  event_short: {
    user_enter_tempsession: '进入客服会话',
    session_waiting: '等待人工接待',
    session_assigned: '已分配',
    session_closed: '会话已关闭',
    session_transferred: '已转接',
  },
}
