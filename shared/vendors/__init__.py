"""Third-party service systems that may serve an app's sessions, each behind one port, each in a folder of its own."""
