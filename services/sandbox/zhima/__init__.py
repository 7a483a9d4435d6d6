"""Zhima (芝麻小客服): given WeChat's pushes, it answers customers by itself, by way of WeChat's API or of wxdesk's proxy.

Sources: its wiki at kancloud.cn (wikizhima), and for the receiver the open product of its makers (chatwiki); that another
server than WeChat's gives it pushes, and how developer mode proves itself, is nowhere written and so a setting.
"""
