export const times = {
  days_hours: '{days} d {hours} h',
  hours_minutes: '{hours} h {minutes} min',
  minutes: '{minutes} min',
  minutes_seconds: '{minutes} min {seconds} s',
  seconds: '{seconds} s',
  today: 'Today',
  yesterday: 'Yesterday',
}
