export const times = {
  days_hours: '{days} 天 {hours} 小时',
  hours_minutes: '{hours} 小时 {minutes} 分',
  minutes: '{minutes} 分钟',
  minutes_seconds: '{minutes} 分 {seconds} 秒',
  seconds: '{seconds} 秒',
  today: '今天',
  yesterday: '昨天',
}
