"""WeChat as a mini program's customer service meets it: pushes out, API calls in, and the phone between."""
