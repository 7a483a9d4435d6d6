// @ts-check
// Every word of Zhima's staff page, in 中文 and English.

import { isChinese } from "/page/words.js";

/** @type {Record<string, [string, string]>} */
const WORDS = {
  sandbox: ["沙箱", "Sandbox"],
  title: ["芝麻客服台", "Zhima's desk"],
  nothing_real: ["模拟的芝麻小客服：这里的客服和客户都不是真的", "A stand-in for Zhima (芝麻小客服): its staff and customers are made up"],
  other_language: ["English", "中文"],
  phone: ["手机", "Phone"],
  account: ["产品", "Product"],
  no_accounts: ["还没有芝麻产品", "No product with Zhima yet"],
  no_accounts_more: [
    "用 make run 启动会自动登记 zhima-demo；也可以调用 PUT /sandbox/api/zhima/products/{access_key}。",
    "make run registers zhima-demo by itself; or call PUT /sandbox/api/zhima/products/{access_key}.",
  ],
  loading: ["正在连接沙箱…", "Reaching the sandbox…"],
  lost: ["沙箱没有回应，正在重试…", "The sandbox does not answer; trying again…"],
  details: ["员工与事件", "Staff & events"],
  back: ["返回列表", "Back to the list"],
  customers: ["访客", "Customers"],
  nobody: ["还没有访客。在手机上发条消息，并把会话交给芝麻。", "Nobody yet. Write on the phone, with the session given to Zhima."],
  choose: ["选一位访客，查看对话。", "Choose a customer to see what was said."],
  state_waiting: ["待接入", "Waiting"],
  state_serving: ["接待中", "With staff"],
  state_idle: ["没有会话", "No session"],
  with: ["{name} 接待", "with {name}"],
  me: ["我是", "I am"],
  accept: ["接入", "Accept"],
  close: ["结束", "Close"],
  send: ["发送", "Send"],
  picture: ["图片", "Picture"],
  send_picture: ["发送图片", "Send a picture"],
  message: ["回复", "Reply"],
  accept_first: ["接入后才能回复", "Accept first, then reply"],
  said_nothing: ["还没有说话。", "Nothing said yet."],
  other_type: ["[{type}]", "[{type}]"],
  machine: ["自动回复", "By itself"],
  sending: ["发送中…", "sending…"],
  not_sent: ["没有发出：{code} {why}", "Not sent: {code} {why}"],
  staff: ["客服", "Staff"],
  online: ["在线", "Online"],
  offline: ["离线", "Offline"],
  load: ["{n} 个会话", "{n} sessions"],
  no_staff: ["这个产品没有客服。", "This product has no staff."],
  known: ["访客资料", "What is known"],
  chat_session: ["会话编号", "Session"],
  session_from: ["会话来源", "session-from"],
  replies: ["回复怎样发出", "How replies go out"],
  mode_direct: ["直接调用微信接口", "Straight to WeChat's API"],
  mode_proxy: ["经 wxdesk 的代理接口", "By wxdesk's proxy"],
  token: ["最近一次取 token：{at}", "Token last fetched: {at}"],
  token_trouble: ["取 token 失败：{why}", "No token: {why}"],
  no_token: ["还没有取过 token。", "No token fetched yet."],
  events: ["最近推给我们的事件", "Last events told to us"],
  none_told: ["还没有事件。", "No events yet."],
  told_waiting: ["进行中", "under way"],
  told_accepted: ["已收下", "taken"],
  told_failed: ["失败", "failed"],
  attempts: ["{n} 次", "{n} tries"],
  faults: ["故障", "Faults"],
  no_faults: ["没有故障。", "No faults."],
  counted_faults: ["收推送、取 token", "Taking pushes, fetching tokens"],
  spoilt_pushes: ["事件", "Events"],
  effect: ["怎样出错", "What happens"],
  effect_dead: ["连接立刻断开（不收）", "Close the connection at once (not taken)"],
  effect_http: ["返回 HTTP 500（不收）", "Answer HTTP 500 (not taken)"],
  effect_drop_answer: ["收下后不应答", "Take it, then do not answer"],
  effect_body: ["收下，但回的不是 success", "Take it, but do not answer success"],
  effect_latency: ["只是慢（5 秒）", "Only slow (5 s)"],
  effect_token: ["取不到 token（HTTP 500）", "No token is had (HTTP 500)"],
  times: ["次数（空 = 一直）", "Times (empty = always)"],
  times_left: ["还有 {n} 次", "{n} more"],
  always: ["一直", "always"],
  add: ["加上", "Add"],
  take_away: ["去掉", "Take away"],
  take_all_away: ["全部去掉", "Take all away"],
  duplicate: ["每条多推一份", "An extra copy of each"],
  double_escape: ["StaffName 多转义一次", "StaffName escaped once more"],
  int_msg_id: ["MsgId 是数字", "MsgId as a number"],
};

/**
 * The words of a key, with values filled in; the key itself where there are none.
 * @param {string} key
 * @param {Record<string, string | number>} [values]
 */
export function say(key, values = {}) {
  const pair = WORDS[key];
  if (!pair) return key;
  return pair[isChinese() ? 0 : 1].replace(/\{(\w+)\}/g, (whole, name) => String(values[name] ?? whole));
}
