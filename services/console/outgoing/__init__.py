"""What the console tells other systems: webhooks, and the chat robots of groups."""
