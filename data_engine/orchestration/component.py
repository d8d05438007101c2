"""CorpusComponent: YAML -> Corpus -> pipeline."""

from typing import Self, cast

import dagster as dg
from pydantic import BaseModel

from data_engine.corpus import Corpus
from data_engine.orchestration.pipeline import build_pipeline
from data_engine.runtime.corpus_runtime import CorpusRuntime


class CorpusComponent(dg.Component):
    """The whole graph of one corpus, from its YAML file."""

    def __init__(self, corpus: Corpus) -> None:
        self.corpus = corpus

    @classmethod
    def get_model_cls(cls) -> type[BaseModel]:
        """The schema that the YAML file is checked against."""
        return Corpus

    @classmethod
    def load(cls, attributes: BaseModel | None, context: dg.ComponentLoadContext) -> Self:
        """Take the validated attributes as they are, and remember where the YAML file lies."""
        corpus = cast(Corpus, attributes)
        return cls(corpus.model_copy(update={"folder": str(context.path)}))

    def build_defs(self, context: dg.ComponentLoadContext) -> dg.Definitions:
        """Build the asset graph, its checks, jobs, sensors and schedule."""
        return build_pipeline(CorpusRuntime(self.corpus, context.project_root))
