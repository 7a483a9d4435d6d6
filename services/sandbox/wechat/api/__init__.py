"""api.weixin.qq.com: what each path checks, in WeChat's order, and what it then does."""
