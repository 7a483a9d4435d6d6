export const chat = {
  nothing: { title: 'Choose a conversation to begin', waiting: '{count} customers are waiting', move: 'move', open: 'open' },
  alert: { waiting: '{name} is waiting', assigned: '{name} was assigned to you', message: '{name} wrote' },
  event_short: {
    user_enter_tempsession: 'Opened the chat',
    session_waiting: 'Waiting for a person',
    session_assigned: 'Assigned',
    session_closed: 'Session closed',
    session_transferred: 'Transferred',
  },
}
