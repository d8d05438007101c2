"""Which lines of a web page are its content, and which are menus, banners and footers."""
