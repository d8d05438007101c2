from data_engine.reporting.html.glossary import TERMS, terms_on


def test_only_terms_that_a_reader_sees_are_listed() -> None:
    page = '<p>The hold-out, n&nbsp;= 3.</p><p class="drift">p-value</p><script>Gini</script><img src="data:a+gate/">'
    assert [term.name for term in terms_on(page)] == ["Hold-out", "n", "p-value"]


def test_terms_are_in_the_order_of_the_alphabet_and_each_stands_once() -> None:
    names = [term.name.lower() for term in TERMS]
    assert names == sorted(set(names))
