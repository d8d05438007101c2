"""The block `foundation_model` of a corpus' YAML: which server is asked about hard samples, and what it may cost.

Its place among the deciders is in `deciders.py`. A key is never written here, only the variable that holds it.
"""

import re
from collections.abc import Mapping
from typing import Any, Literal

from pydantic import Field, field_validator, model_validator

from data_engine.corpus.notices import VariableName
from data_engine.settings import Name, Settings, Share


class SimulatedModel(Settings):
    """A simulated foundation model: it answers from the labels known beforehand, and errs at a set rate."""

    error_rate: Share = 0.05
    """Share of the samples that it gets wrong."""


class FoundationModel(Settings):
    """A model behind the chat API that OpenAI, vLLM, Ollama, llama.cpp and others share."""

    name: Name
    """What it is called in the ledger, the costs and the report."""
    url: str = Field(default="", max_length=500)
    """Address of the API without the route, such as `http://127.0.0.1:11434/v1`: http or https. Must be given,
    unless the model is simulated."""
    model: str = Field(default="", max_length=200)
    """The model, as the server calls it. Must be given, unless it is simulated."""
    key_from: VariableName | None = None
    """Variable of the environment with the key; none where the server asks for none."""
    price_in: float = Field(default=0.0, ge=0)
    """Price of a million tokens that it reads, in the unit of `cost` of the deciders."""
    price_out: float = Field(default=0.0, ge=0)
    """Price of a million tokens that it writes."""
    max_cost_per_run: float | None = Field(default=None, ge=0)
    """What one run of Dagster may spend; a call that could cross it is not made. Of several questions each is asked
    in a run of its own, so one command may spend it once for each; what all together may cost says
    `max_cost_per_month`."""
    max_cost_per_month: float | None = Field(default=None, ge=0)
    """What a calendar month (UTC) may cost; a call that could cross it is not made."""
    n_examples: int = Field(default=4, ge=0, le=32)
    """Samples that people answered, nearest to the sample by embedding, which are shown with their class."""
    confidence: Literal["log_probabilities", "agreement"] = "log_probabilities"
    """What an answer's confidence is. log_probabilities: the probability of its tokens; where the server gives none, as
    agreement. agreement: the share of `n_answers` answers that say the same."""
    n_answers: int = Field(default=5, ge=2, le=25)
    """Answers to one sample where agreement is the confidence."""
    temperature: float = Field(default=0.7, gt=0, le=2)
    """Temperature of answers that are compared with each other; a single answer has 0."""
    answer_format: Literal["json_schema", "json_object", "text"] = "json_schema"
    """How the server is held to the classes: by a JSON schema, to some JSON, or by the prompt alone."""
    max_answer_tokens: int = Field(default=128, ge=8, le=8192)
    """Most tokens of one answer."""
    max_sample_chars: int = Field(default=8000, ge=100)
    """Characters of a text that are sent; of a longer one its beginning."""
    max_image_px: int = Field(default=768, ge=32, le=4096)
    """Longest side of an image that is sent; a larger one is shrunk."""
    tokens_per_image: int = Field(default=2000, ge=1)
    """Most tokens that the server counts for an image, for what a call may cost at most."""
    injection_tests: int = Field(default=20, ge=0)
    """Texts of the hold-out that are asked once more with an order in them to answer something else; the report says
    how many the model obeyed."""
    simulated: SimulatedModel | None = None
    """For demos and tests: no server is asked, and the labels have the provenance `simulated`. Needs
    `known_label_column`; `url` and `model` are then left out."""
    fields: Mapping[str, Any] = Field(default_factory=dict)
    """Further fields of each request, such as `{reasoning_effort: low}`; null leaves out one that is sent otherwise."""
    concurrency: int = Field(default=4, ge=1, le=64)
    """Requests at once."""
    requests_per_minute: int | None = Field(default=None, ge=1)
    """Most requests in 60 seconds."""
    tokens_per_minute: int | None = Field(default=None, ge=1)
    """Most tokens in 60 seconds, read and written."""
    timeout_s: float = Field(default=60, gt=0, le=3600)
    """Seconds after which a request that is not answered whole is given up."""
    max_attempts: int = Field(default=4, ge=1, le=10)
    """Tries of one request where the server fails, limits or drops it."""
    batch_from: int | None = Field(default=None, ge=1)
    """From so many requests on they go as a file by the batch API; null never."""
    batch_price_share: float = Field(default=0.5, gt=0, le=1)
    """Price of a request in a batch file, as a share of the ordinary one."""
    batch_wait_s: float = Field(default=3600, ge=0)
    """Seconds that a run waits for batch files; what is not answered by then, a later run takes."""

    @model_validator(mode="before")
    @classmethod
    def _simulated_has_no_server(cls, value: Any) -> Any:
        if isinstance(value, dict) and value.get("simulated") is not None:
            return {"url": "http://127.0.0.1/v1", "model": "simulated foundation model", **value}
        return value

    @field_validator("url")
    @classmethod
    def _is_an_address(cls, value: str) -> str:
        # Not shown: what is no address may be a key.
        if not re.fullmatch(r"https?://[^\s/?#@]+(/[^\s?#@]*)?", value):
            raise ValueError(
                "url is no address as http://host:port/v1; write it without a login and without ? and #, and name the "
                "variable of the key in key_from"
            )
        return value.rstrip("/")

    @model_validator(mode="after")
    def _is_somewhere(self) -> "FoundationModel":
        missing = [name for name in ("url", "model") if not getattr(self, name)]
        if missing:
            raise ValueError(
                f"foundation_model has no {' and no '.join(missing)}; say where the model is (url) and what the server "
                "calls it (model)"
            )
        return self

    @model_validator(mode="after")
    def _budget_needs_prices(self) -> "FoundationModel":
        limits = (self.max_cost_per_run, self.max_cost_per_month)
        if any(limit is not None for limit in limits) and not (self.price_in or self.price_out):
            raise ValueError(
                "foundation_model has a max_cost but no prices, so nothing would ever count against it; give price_in "
                "and price_out, or remove max_cost_per_run and max_cost_per_month"
            )
        return self

    def cost_of(self, tokens_in: int, tokens_out: int, *, in_batch_file: bool = False) -> float:
        """What one request costs, in the unit of the prices."""
        cost = (tokens_in * self.price_in + tokens_out * self.price_out) / 1_000_000
        return cost * (self.batch_price_share if in_batch_file else 1.0)
