"""What the command line and the API both do to agents and apps: the rules, the changes, and who made them."""
