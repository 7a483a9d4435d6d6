"""芝麻小客服 (Zhima, xiaokefu.com.cn): it is given WeChat's pushes as they came, and answers customers by itself.

Its pages (kancloud.cn, wikizhima) document 密码接入 (password access), by which it takes WeChat's own pushes under a
token everybody knows, the exchange of access tokens, and 开发者模式 (developer mode), which tells of sessions. That
another server than WeChat's gives it pushes is our reading of these pages and not written there; so is how developer
mode proves itself. Everything of that kind is a setting.
"""
