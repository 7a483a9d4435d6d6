"""Zhima (芝麻小客服): given WeChat's pushes, it answers customers by itself, by WeChat's API or by wxdesk's proxy.

Sources: its wiki, and for the receiver the open product of its makers (ChatWiki). That another server than WeChat's
gives it pushes, and how developer mode proves itself, is nowhere written and so a setting.
"""
