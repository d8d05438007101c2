import json
import math
from typing import Any

import pytest

from data_engine.foundation_model.answers import (
    CUT_OFF,
    DECLINED,
    FAILURES_OF_ANSWERS,
    NO_COMPLETION,
    NO_JSON,
    OUTSIDE_CLASSES,
    ModelAnswer,
    agreed,
    read_completion,
)

CLASSES = ("apache", "mit", "not clear")


def _completion(content: object, **choice: Any) -> dict[str, Any]:
    return {"choices": [{"message": {"content": content}, "finish_reason": "stop", **choice}]}


@pytest.mark.parametrize(
    ("content", "label"),
    [
        ('{"answer": "mit"}', "mit"),
        ('```json\n{"answer": "mit"}\n```', "mit"),
        ('The answer is {"answer": "mit"}, I think.', "mit"),
        ('{"answer": " Not  Clear "}', "not clear"),
        ('"mit"', "mit"),
        ("MIT.", "mit"),
        ("**mit**", "mit"),
        ('<think>Is it {a, b} or {"answer": "apache"}?</think>\n```json\n{"answer": "mit"}\n```', "mit"),
        ('{"answer": "mit"} Once more: {"answer": "mit"}', "mit"),
        ([{"type": "text", "text": '{"answer":'}, {"type": "text", "text": ' "mit"}'}], "mit"),
    ],
)
def test_an_answer_is_found_in_json_around_it_or_alone(content: object, label: str) -> None:
    assert read_completion(_completion(content), CLASSES) == ModelAnswer(label)


@pytest.mark.parametrize(
    ("completion", "failure"),
    [
        (_completion('{"answer": "gpl"}'), OUTSIDE_CLASSES),
        (_completion("it may be mit"), OUTSIDE_CLASSES),
        (_completion("well\nmit"), NO_JSON),
        (_completion('{"label": "mit"}'), NO_JSON),
        (_completion('{"answer": 3}'), NO_JSON),
        (_completion("{broken"), NO_JSON),
        (_completion(""), NO_JSON),
        (_completion('{"answer": "mit"}', finish_reason="length"), CUT_OFF),
        (_completion("", finish_reason="content_filter"), DECLINED),
        (_completion(None, message={"content": None, "refusal": "no"}), DECLINED),
        (_completion('{"answer": "mit"}, that is {"answer": "apache"}'), NO_JSON),
        (_completion("{" * 200_000), NO_JSON),
        (_completion(None), NO_JSON),
        ({"choices": [{"message": "mit"}]}, NO_COMPLETION),
        ({"choices": []}, NO_COMPLETION),
        ({"error": "x"}, NO_COMPLETION),
        ([1], NO_COMPLETION),
        (None, NO_COMPLETION),
    ],
)
def test_what_is_no_answer_has_a_named_failure(completion: object, failure: str) -> None:
    found = read_completion(completion, CLASSES)
    assert (found.label, found.confidence, found.failure) == (None, None, failure)
    assert failure in FAILURES_OF_ANSWERS


def test_the_confidence_is_the_probability_of_the_tokens_of_the_class() -> None:
    tokens = [("{", -3.0), ('"answer": "', -1.0), ("mi", -0.1), ('t"', -0.2), ("}", -4.0)]
    logprobs = {"content": [{"token": token, "logprob": value} for token, value in tokens]}
    found = read_completion(_completion('{"answer": "mit"}', logprobs=logprobs), CLASSES)
    assert found.confidence == pytest.approx(math.exp(-0.3))


@pytest.mark.parametrize("logprobs", [None, {}, {"content": []}, {"content": [{"token": "x"}]}, {"content": [3]}])
def test_without_log_probabilities_there_is_no_confidence(logprobs: object) -> None:
    assert read_completion(_completion('{"answer": "mit"}', logprobs=logprobs), CLASSES).confidence is None


def test_the_answer_may_be_what_a_function_is_called_with() -> None:
    called = {"content": None, "tool_calls": [{"function": {"name": "answer", "arguments": '{"answer": "mit"}'}}]}
    assert read_completion(_completion(None, message=called), CLASSES) == ModelAnswer("mit")


def test_a_character_that_several_tokens_write_has_a_confidence() -> None:
    parts = [b'{"answer": "', b"\xe8\x88", b"\xaa", b'"', b"}"]
    tokens = [{"token": "?", "bytes": list(part), "logprob": -0.1 * n} for n, part in enumerate(parts)]
    found = read_completion(_completion('{"answer": "航"}', logprobs={"content": tokens}), ("航", "mit"))
    assert found.confidence == pytest.approx(math.exp(-0.6))


@pytest.mark.parametrize("count", [-1, 1.5, "9", True, 10**30])
def test_a_count_that_is_none_does_not_count(count: object) -> None:
    found = read_completion({**_completion('{"answer": "mit"}'), "usage": {"prompt_tokens": count}}, CLASSES)
    assert (found.label, found.tokens_in) == ("mit", None)


def test_tokens_are_counted_where_the_server_counts_them() -> None:
    completion = {**_completion('{"answer": "mit"}'), "usage": {"prompt_tokens": 12, "completion_tokens": 3}}
    assert read_completion(completion, CLASSES) == ModelAnswer("mit", None, "", 12, 3)
    odd = {**completion, "usage": {"prompt_tokens": -1, "completion_tokens": True}}
    assert read_completion(odd, CLASSES) == ModelAnswer("mit")


def test_of_several_answers_the_most_frequent_counts_and_failures_count_against_it() -> None:
    said = [ModelAnswer("mit", None, "", 10, 1), ModelAnswer("apache"), ModelAnswer("mit", 0.9, "", 10, 1)]
    assert agreed([*said, ModelAnswer(None, None, NO_JSON)]) == ModelAnswer("mit", 0.5, "", 20, 2)
    assert agreed([ModelAnswer(None, None, CUT_OFF), ModelAnswer(None, None, NO_JSON)]).failure == CUT_OFF


def test_json_nested_too_deeply_is_no_answer() -> None:
    deep = "[" * 100_000
    assert read_completion(_completion(json.dumps({"answer": "mit"}) + deep), CLASSES).label == "mit"
    assert read_completion(_completion(deep), CLASSES).failure in (NO_JSON, OUTSIDE_CLASSES)
