"""Backup and restore: a database as files, one for each collection, and a manifest that says what they are."""
