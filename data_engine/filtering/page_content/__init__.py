"""Content of web pages: which lines are what somebody wrote, and which are menus, banners and footers.

The rules that look at whole texts are in `data_engine.filtering.rules`.
"""
