"""The corpora of the review page: each as values and functions, once its queue asks with the classes of now.

Their images are in `sample_images.py`.
"""

from collections.abc import Iterable

from data_engine.errors import ContentMissing, InvalidInput
from data_engine.review_page.page_corpus import PageCorpus, ShownImage
from data_engine.runtime.amendments.asked_by_people import ask_people
from data_engine.runtime.amendments.class_changes import follow_classes
from data_engine.runtime.corpus_runtime import CorpusRuntime
from data_engine.runtime.models.mask_networks import segmenter_in_service
from data_engine.runtime.review_page.sample_images import SampleImages
from data_engine.runtime.review_rounds import what_is_left


def page_corpora(runtimes: Iterable[CorpusRuntime]) -> list[PageCorpus]:
    """Those of the corpora that ask a question, each of several by itself; their queue is told the classes of now.

    Raises: InvalidInput where none asks one, or where something is defined that is no class.
    """
    given = list(runtimes)
    asking = [each for runtime in given for each in runtime.asking]
    if not asking:
        names = ", ".join(runtime.corpus.name for runtime in given) or "none"
        raise InvalidInput(
            f"corpus {names} has no block labels, so there is nothing to answer; add one to its defs.yaml and run it"
        )
    return [_page_corpus(runtime) for runtime in asking]


def _page_corpus(runtime: CorpusRuntime) -> PageCorpus:
    corpus = runtime.corpus
    unknown = sorted(set(corpus.review.definitions) - set(corpus.class_names))
    if unknown:
        raise InvalidInput(
            f"review.definitions of corpus {corpus.name} defines {unknown}, which are no classes; define classes only"
        )
    images = SampleImages(runtime) if corpus.samples.has_image else None
    return PageCorpus(
        name=corpus.name,
        title=_title(runtime),
        question=corpus.labels.question,
        classes=corpus.class_names,
        is_of_images=corpus.samples.has_image,
        image_of=images or _no_image,
        frame_of=images.frame if images and corpus.source.kind == "video" else _no_frame,
        kind=corpus.labels.kind,
        player_of=images.player if images and corpus.samples.player else None,
        pixels_of=images.pixels if images else None,
        load_segmenter=lambda: segmenter_in_service(runtime),
        left=lambda: what_is_left(runtime),
        ask=lambda n: ask_people(runtime, n),
        out_of_scope=corpus.labels.out_of_scope,
        instructions=corpus.review.instructions,
        definitions=corpus.review.definitions,
        notices=tuple(follow_classes(runtime)),
    )


def _title(runtime: CorpusRuntime) -> str:
    """What people call a corpus; of one of several questions with its name."""
    name = runtime.corpus.name.partition(".")[0]
    title = runtime.corpus.release.title or name.replace("_", " ")
    return f"{title}: {runtime.question.replace('_', ' ')}" if runtime.question else title


def _no_frame(_sample_id: str) -> None:
    """Samples of other sources are in no video."""


def _no_image(sample_id: str, _is_small: bool) -> ShownImage:
    raise ContentMissing(f"sample {sample_id} is a text")
