"""The rules of pairs: every rule of images on the image, every rule of texts on the caption, and one between them.

What they measure is in `pair_look.py`. Rules that learn from examples of whole texts say nothing of captions.
"""

from collections.abc import Callable
from dataclasses import replace
from operator import attrgetter
from typing import Any

from data_engine.filtering.judging import Judging
from data_engine.filtering.near_duplicates import Accepted, by_near_pairs
from data_engine.filtering.near_search import NearFound, NearSearch, images_kind
from data_engine.filtering.rules.media.image_rules import IMAGE_RULES
from data_engine.filtering.rules.rule import Rule
from data_engine.filtering.rules.text_rules import TEXT_RULES

_LEARNING = ("perplexity", "content_share")


def _on(part: str, rule: Rule) -> Rule:
    """A rule of texts or images, on that part of a pair."""
    of, names = attrgetter(part), rule.score_of_names

    def through(score: Callable[..., float | None]) -> Callable[..., float | None]:
        return lambda pair, *more: score(of(pair), *more)

    return replace(
        rule,
        modality="image_text",
        score=through(rule.score),
        score_of_names=None if names is None else through(names),
    )


def agreement(pair: Any) -> float | None:
    """The cosine between image and caption; None without an encoder of both."""
    found: float | None = pair.agreement
    return found


AGREEMENT = Rule(
    name="agreement",
    modality="image_text",
    measures="the cosine between image and caption, by `first_pass.agreement_encoder`",
    score=agreement,
    direction="at_least",
    default=None,
    source="LAION-400M keeps pairs from 0.3 of CLIP ViT-B/32 (Schuhmann et al. 2021); off without an encoder.",
    published={"laion400m": 0.3},
    is_costly=True,
)

PAIR_RULES: tuple[Rule, ...] = (
    *(_on("image", rule) for rule in IMAGE_RULES),
    *(_on("document", rule) for rule in TEXT_RULES if rule.name not in _LEARNING),
    AGREEMENT,
)


def _reject(judged: Judging, threshold: float | None, accepted: Accepted) -> NearFound:
    found = by_near_pairs(
        judged.open_sketches(), judged.verdicts, threshold, judged.second_similarity, accepted.near_images
    )
    return NearFound(sketches=found)


def _kind(_similarity: float | None) -> Any:
    from data_engine.duplicates.pairs import images_of, stacked_pairs

    return images_kind("turned hashes of pairs", stacked_pairs, images_of)


OF_PAIRS = NearSearch(_reject, _kind)
