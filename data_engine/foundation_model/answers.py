"""Reading what a chat API answers: the class, its confidence, its tokens; what is no answer has a named failure.

What was asked is made in `prompt.py`.
"""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

NO_COMPLETION = "no_completion"
CUT_OFF = "cut_off"
DECLINED = "declined"
NO_JSON = "no_json"
OUTSIDE_CLASSES = "outside_classes"

#: Failures of an answer that came and was paid: asking the same again would be paid again.
FAILURES_OF_ANSWERS: Mapping[str, str] = {
    NO_COMPLETION: "the server answered something else than a completion",
    CUT_OFF: "the answer ended at its most tokens",
    DECLINED: "the model declined to answer",
    NO_JSON: "the answer holds no class that can be read",
    OUTSIDE_CLASSES: "the answer is outside the classes",
}


@dataclass(frozen=True)
class ModelAnswer:
    """What a model said of one sample.

    `label` is None where there is no answer, and `failure` then names why. `confidence` is in [0, 1], None where the
    server gives no log-probabilities. Tokens are None where the server does not count them.
    """

    label: str | None
    confidence: float | None = None
    failure: str = ""
    tokens_in: int | None = None
    tokens_out: int | None = None


def read_completion(completion: object, classes: Sequence[str]) -> ModelAnswer:
    """The answer in the body of a completion; one of the classes, or a named failure."""
    choice = _choice(completion)
    tokens = _tokens(completion)
    if choice is None:
        return ModelAnswer(None, None, NO_COMPLETION, *tokens)
    message = choice.get("message")
    content = message.get("content") if isinstance(message, Mapping) else None
    if (isinstance(message, Mapping) and message.get("refusal")) or choice.get("finish_reason") == "content_filter":
        return ModelAnswer(None, None, DECLINED, *tokens)
    if choice.get("finish_reason") == "length":
        return ModelAnswer(None, None, CUT_OFF, *tokens)
    if not isinstance(content, str):
        return ModelAnswer(None, None, NO_COMPLETION, *tokens)
    said = _said(content)
    if said is None:
        return ModelAnswer(None, None, NO_JSON, *tokens)
    label = _class_of(said, classes)
    if label is None:
        return ModelAnswer(None, None, OUTSIDE_CLASSES, *tokens)
    return ModelAnswer(label, _confidence(choice.get("logprobs"), said), "", *tokens)


def agreed(answers: Sequence[ModelAnswer]) -> ModelAnswer:
    """One answer of several to the same sample: what most say, its confidence the share of all that say it.

    Of classes that equally many name, the one that was named first is the answer. Failures count as votes for nothing;
    where no answer names a class, the failure is the first.
    """
    votes: dict[str, int] = {}
    for answer in answers:
        if answer.label is not None:
            votes[answer.label] = votes.get(answer.label, 0) + 1
    tokens = [sum(n for n in counts if n is not None) for counts in zip(*map(_counts, answers), strict=True)]
    if not votes:
        return ModelAnswer(None, None, answers[0].failure, *tokens)
    label = max(votes, key=lambda name: votes[name])
    return ModelAnswer(label, votes[label] / len(answers), "", *tokens)


def _counts(answer: ModelAnswer) -> tuple[int | None, int | None]:
    return answer.tokens_in, answer.tokens_out


def _choice(completion: object) -> Mapping[str, Any] | None:
    choices = completion.get("choices") if isinstance(completion, Mapping) else None
    first = choices[0] if isinstance(choices, list) and choices else None
    return first if isinstance(first, Mapping) else None


def _tokens(completion: object) -> tuple[int | None, int | None]:
    usage = completion.get("usage") if isinstance(completion, Mapping) else None
    usage = usage if isinstance(usage, Mapping) else {}
    counts = (usage.get("prompt_tokens"), usage.get("completion_tokens"))
    n_in, n_out = (n if isinstance(n, int) and not isinstance(n, bool) and n >= 0 else None for n in counts)
    return n_in, n_out


def _said(content: str) -> str | None:
    """What an answer says: of JSON the field, also with words around it; else one line that stands alone."""
    for text in (content, content[content.find("{") : content.rfind("}") + 1]):
        try:
            value = json.loads(text)
        except (ValueError, RecursionError):
            continue
        if isinstance(value, Mapping):
            answer = value.get("answer")
            return answer if isinstance(answer, str) else None
        if isinstance(value, str):
            return value
    line = content.strip()
    return line.strip("\"'`*. ") if line and "\n" not in line and "{" not in line else None


def _class_of(said: str, classes: Sequence[str]) -> str | None:
    """The class that is meant: the same text, or the only one that differs by case and white space alone."""
    if said in classes:
        return said
    near = [name for name in classes if _plain(name) == _plain(said)]
    return near[0] if len(near) == 1 else None


def _plain(text: str) -> str:
    return " ".join(text.split()).casefold()


def _confidence(logprobs: object, said: str) -> float | None:
    """Probability of the tokens in which the answer stands, its closing quote with them; None where there are none."""
    entries = logprobs.get("content") if isinstance(logprobs, Mapping) else None
    if not isinstance(entries, list) or not entries:
        return None
    text, spans = "", []
    for entry in entries:
        token = entry.get("token") if isinstance(entry, Mapping) else None
        value = entry.get("logprob") if isinstance(entry, Mapping) else None
        if not isinstance(token, str) or not isinstance(value, int | float) or not value <= 0:
            return None
        spans.append((len(text), len(text) + len(token), float(value)))
        text += token
    for quoted in (json.dumps(said, ensure_ascii=False), json.dumps(said), said):
        start = text.rfind(quoted)
        if start >= 0:
            first = start + quoted.startswith('"')
            end = start + len(quoted)
            return math.exp(sum(value for begin, stop, value in spans if begin < end and stop > first))
    return None
