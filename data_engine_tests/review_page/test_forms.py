"""What bodies may hold."""

import pytest
from pydantic import ValidationError

from data_engine.review_page.forms import AnswerForm, NextForm, without_nul

_ANSWER = {"lease_id": "ab12", "submission_id": "submission-1", "label": "mit"}


def test_an_answer_holds_what_was_answered_and_nothing_about_who_did():
    assert AnswerForm(**_ANSWER, active_s=1.5).active_s == 1.5
    assert set(AnswerForm.model_fields) == {"lease_id", "submission_id", "label", "answer", "comment", "active_s"}


@pytest.mark.parametrize(
    "wrong", [{"lease_id": "../x"}, {"lease_id": ""}, {"submission_id": "a b c d e"}, {"label": ""}]
)
def test_ids_and_names_have_their_form(wrong):
    with pytest.raises(ValidationError):
        AnswerForm(**(_ANSWER | wrong))


def test_nobody_asks_for_more_tasks_than_may_be_held():
    assert NextForm(corpus="c", n=60).n == 60
    for wrong in ({"n": 0}, {"n": 61}, {"holding": ["ab"] * 61}):
        with pytest.raises(ValidationError):
            NextForm(corpus="c", **wrong)


def test_a_text_with_nul_is_refused():
    assert without_nul("a") == "a"
    with pytest.raises(ValueError, match="holds no NUL"):
        without_nul("a\x00")
