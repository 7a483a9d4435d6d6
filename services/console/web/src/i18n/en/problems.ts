export const problems = {
  login_required: 'Your login has ended. Log in again.',
  forbidden: 'You may not do this.',
  not_yours: 'This conversation is not yours. Accept it first, or have a supervisor transfer it to you.',
  taken: '{name} accepted this conversation first.',
  at_capacity: 'No room: close a conversation first, or raise the capacity.',
  window_closed:
    'WeChat does not let us send now: no message from the customer in 48 hours. It can be sent by itself once they write again.',
  quota_used: 'The messages of this window are used up. It can be sent by itself once the customer writes again.',
  text_too_long: 'The message is over WeChat’s 2048 bytes. Send it in {parts} parts, or shorten it.',
  image_invalid: 'This file is no picture that WeChat takes. Use JPEG, PNG or GIF.',
  too_large: 'The file is too large. Use a picture of at most 2 MB.',
  not_found: 'Not found: it may have been deleted, or you may not see it.',
  conflict: 'Things have changed. Look at the latest state, then try again.',
  invalid: 'Something is not right: {detail}',
  rate_limited: 'Too often. Wait a little, then try again.',
  unavailable: 'The service is not available for the moment. Try again a little later.',
  unreachable: 'The server cannot be reached. Check the network, then try again.',
}
