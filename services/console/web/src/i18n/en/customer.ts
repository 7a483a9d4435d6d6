export const customer = {
  closed_notice: 'Closed the conversation with {name}',
  transferred_notice: 'Transferred {name} to {to}',
}
