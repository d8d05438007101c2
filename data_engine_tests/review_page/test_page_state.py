"""The corpora of a page by name."""

import pytest

from data_engine.errors import NotFound


def test_only_corpora_of_the_page_are_known(page):
    state = page.app.state.page
    assert state.corpus("licences").title == "Licence mentions"
    with pytest.raises(NotFound, match="there is no corpus 'other' on this page; there are: licences"):
        state.corpus("other")
