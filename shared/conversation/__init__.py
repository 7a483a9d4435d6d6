"""The pure core: what a conversation is and what each fact makes of it. No I/O, no clock, no randomness."""
