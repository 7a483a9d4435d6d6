"""A strict stand-in for 网易七鱼: its message interface under `/openapi`, its pushes, its staff page at `/qiyu`."""
