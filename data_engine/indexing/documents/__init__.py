"""Documents: PDF, Word and HTML files and web archives become texts in the order in which people read them."""
