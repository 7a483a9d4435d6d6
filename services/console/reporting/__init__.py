"""Reports for supervisors: which sessions a period has, and what they add up to."""
