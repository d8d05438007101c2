from data_engine.filtering.learned.character_model import fit_character_model
from data_engine.filtering.learned.filters import NO_FILTERS, LearnedFilters


def test_filters_that_are_off_have_neither_versions_nor_scores() -> None:
    assert (NO_FILTERS.versions, NO_FILTERS.scores) == ({}, {})


def test_a_filter_that_is_on_gives_its_score_and_its_version_under_the_name_of_its_rule() -> None:
    model = fit_character_model(["the cat sat on the mat"] * 10)
    filters = LearnedFilters(model=model)
    assert filters.versions == {"perplexity": model.version}
    assert list(filters.scores) == ["perplexity"]
    assert filters.scores["perplexity"]("the cat") == model.perplexity("the cat")
