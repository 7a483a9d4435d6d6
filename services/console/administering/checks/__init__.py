"""Looks at one app, for `wxdesk doctor` and for the API."""
