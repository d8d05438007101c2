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


#: A server that counts more tokens for one answer does not count them.
_MOST_TOKENS = 1_000_000_000
#: Of an answer with words around it, where objects are looked for, and how many.
_MOST_CHARS, _MOST_OBJECTS = 100_000, 100


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
    content = _content(message)
    if (isinstance(message, Mapping) and message.get("refusal")) or choice.get("finish_reason") == "content_filter":
        return ModelAnswer(None, None, DECLINED, *tokens)
    if choice.get("finish_reason") == "length":
        return ModelAnswer(None, None, CUT_OFF, *tokens)
    if content is None:
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
    n_in, n_out = (n if type(n) is int and 0 <= n <= _MOST_TOKENS else None for n in counts)
    return n_in, n_out


def _content(message: object) -> str | None:
    """The text of a message: as such, in parts, or as what a function is called with; None for no message."""
    if not isinstance(message, Mapping):
        return None
    content, calls = message.get("content"), message.get("tool_calls")
    if isinstance(content, str) and content.strip():
        return content
    if isinstance(content, list):
        texts = [part.get("text") for part in content if isinstance(part, Mapping)]
        return "".join(text for text in texts if isinstance(text, str))
    for call in calls if isinstance(calls, list) else ():
        asked = call.get("function") if isinstance(call, Mapping) else None
        if isinstance(asked, Mapping) and isinstance(asked.get("arguments"), str):
            return str(asked["arguments"])
    return "" if "content" in message else None


def _said(content: str) -> str | None:
    """What an answer says: of JSON the field, also with words around it; else one line that stands alone.

    What a model thinks aloud before it answers does not count. Two answers that differ are none.
    """
    content = content.rpartition("</think>")[2].strip()
    try:
        value = json.loads(content)
    except (ValueError, RecursionError):
        found = _answers_in(content)
        line = content.strip("\"'`*. ")
        return found.pop() if len(found) == 1 else line if line and "\n" not in line and "{" not in line else None
    answer = value.get("answer") if isinstance(value, Mapping) else value
    return answer if isinstance(answer, str) else None


def _answers_in(content: str) -> set[str]:
    """What the objects of a text say that have an answer."""
    found, decoder = set(), json.JSONDecoder()
    for start in [place for place, sign in enumerate(content[:_MOST_CHARS]) if sign == "{"][:_MOST_OBJECTS]:
        try:
            value, _ = decoder.raw_decode(content, start)
        except (ValueError, RecursionError):
            continue
        if isinstance(value.get("answer"), str):
            found.add(value["answer"])
    return found


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
    text, spans = b"", []
    for entry in entries:
        token = _bytes_of(entry)
        value = entry.get("logprob") if isinstance(entry, Mapping) else None
        if token is None or not isinstance(value, int | float) or not value <= 0:
            return None
        spans.append((len(text), len(text) + len(token), float(value)))
        text += token
    for quoted in (json.dumps(said, ensure_ascii=False), json.dumps(said), said):
        written = quoted.encode("utf-8", "replace")
        start = text.rfind(written)
        if start >= 0:
            first = start + quoted.startswith('"')
            end = start + len(written)
            return math.exp(sum(value for begin, stop, value in spans if begin < end and stop > first))
    return None


def _bytes_of(entry: object) -> bytes | None:
    """What a token writes. Its text is not enough: a character may be written by several tokens."""
    if not isinstance(entry, Mapping) or not isinstance(entry.get("token"), str):
        return None
    given = entry.get("bytes")
    if isinstance(given, list) and all(type(each) is int and 0 <= each < 256 for each in given):
        return bytes(given)
    return str(entry["token"]).encode("utf-8", "replace")
