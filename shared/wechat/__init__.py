"""WeChat's protocol for mini program customer service: pushes in, passive replies, API calls out."""
