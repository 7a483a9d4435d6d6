"""How often something may happen. Pure arithmetic: time is an argument."""
