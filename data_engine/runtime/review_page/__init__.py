"""Corpora for the review page: their questions, images and what is left; the page itself is in `review_page/`."""
