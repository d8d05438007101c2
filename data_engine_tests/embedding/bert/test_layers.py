"""The kernels of text encoders: torch in their place where they cannot be compiled, and a version for other numbers."""

import ast
import hashlib
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch
from torch.nn import functional

from data_engine.embedding import load_encoder, processor, vector_code
from data_engine.embedding.bert import model
from data_engine.embedding.bert.attention import ProductAttention, fastest_attention
from data_engine.embedding.bert.layers import Norm, fastest_gelu
from data_engine.embedding.bert.model import arithmetic
from data_engine.embedding.processor import runs_kernels
from data_engine.runtime.code_fingerprint import code_fingerprint

PACKAGE = Path(model.__file__).parents[1]

#: The code that decides the numbers of an encoder, as it is with this revision.
REVISION, CODE = "packed4", "186c620ff31be00b"


def _is_missing(patch: pytest.MonkeyPatch) -> None:
    patch.setitem(sys.modules, "llvmlite", None)
    patch.delitem(sys.modules, vector_code.__name__)


def _cannot_compile(patch: pytest.MonkeyPatch) -> None:
    def parse(_: str) -> None:
        raise RuntimeError("LLVM IR parsing error")

    patch.setattr(vector_code, "_machine", lambda: None)
    patch.setattr(vector_code.binding, "parse_assembly", parse)


def _takes_the_processor_for_an_older_one(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(vector_code.binding, "get_host_cpu_name", lambda: "x86-64")
    patch.setattr(vector_code.binding, "get_host_cpu_features", lambda: {"avx512f": True, "avx512bw": False})


@pytest.fixture
def decided_anew() -> Iterator[None]:
    """Whether the kernels are used is decided again, and once more after the test."""
    runs_kernels.cache_clear()
    yield
    runs_kernels.cache_clear()


@pytest.mark.usefixtures("decided_anew")
@pytest.mark.parametrize(
    ("llvm", "reason"),
    [
        (_is_missing, "llvmlite halted"),
        (_cannot_compile, "LLVM IR parsing error"),
        (_takes_the_processor_for_an_older_one, "takes the processor for 'x86-64', without avx512bw, avx512bf16"),
    ],
)
def test_torch_computes_where_llvm_fails_and_one_warning_says_so(
    llvm: Callable[[pytest.MonkeyPatch], None],
    reason: str,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(processor, "has_bfloat16_products", lambda: True)
    llvm(monkeypatch)
    assert isinstance(fastest_attention(2, 32, torch.bfloat16), ProductAttention)
    assert fastest_gelu(torch.bfloat16) is functional.gelu
    assert Norm.of(torch.ones(32), torch.zeros(32), 1e-12, torch.bfloat16).kernel is None
    (warning,) = caplog.messages
    assert reason in warning
    assert warning.endswith("reinstall or update llvmlite")


@pytest.mark.usefixtures("decided_anew")
def test_without_kernels_rows_are_as_near_and_have_a_version_of_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = ["MIT", "Licensed under the Apache License, Version 2.0", "the same words " * 50]
    usual = load_encoder("all-MiniLM-L6-v2")
    had_kernels = runs_kernels()
    runs_kernels.cache_clear()
    _takes_the_processor_for_an_older_one(monkeypatch)
    plain = load_encoder("all-MiniLM-L6-v2")
    assert (usual.encode(texts) * plain.encode(texts)).sum(axis=1).min() >= 0.999
    assert (usual.version != plain.version) == had_kernels


@pytest.mark.parametrize(
    ("has_products", "has_kernels", "expected"),
    [(False, False, "float32"), (True, False, "bfloat16_torch"), (True, True, "bfloat16")],
)
def test_the_version_says_how_this_machine_computes(
    has_products: bool, has_kernels: bool, expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(model, "has_bfloat16_products", lambda: has_products)
    monkeypatch.setattr(model, "runs_kernels", lambda: has_kernels)
    assert arithmetic() == expected


def test_code_that_decides_the_numbers_does_not_change_unnoticed() -> None:
    assert (model._REVISION, _fingerprint(_modules("bert.model"))) == (REVISION, CODE), (
        "the numbers of text encoders may have changed: raise _REVISION in model.py, unless they are the same to the "
        "last bit, and write the revision and the new fingerprint in this file"
    )


def test_every_kernel_belongs_to_the_code_that_decides_the_numbers() -> None:
    written = {path.stem for path in PACKAGE.glob("*_kernel.py")}
    assert written | {"bert.attention", "bert.layers", "bert.model", "processor", "vector_code"} <= _modules(
        "bert.model"
    )


def _modules(name: str) -> set[str]:
    """The modules of the embedding that this one needs, however far, with itself."""
    found, asked = set[str](), [name]
    while asked:
        module = asked.pop()
        # What finds and calls encoders of all kinds decides no numbers.
        if module not in found and module != "encoder":
            found.add(module)
            nodes = ast.walk(ast.parse((PACKAGE / f"{module.replace('.', '/')}.py").read_text("utf-8")))
            imports = [node.module or "" for node in nodes if isinstance(node, ast.ImportFrom)]
            asked += [
                one.removeprefix("data_engine.embedding.")
                for one in imports
                if one.startswith("data_engine.embedding.")
            ]
    return found


def _fingerprint(modules: set[str]) -> str:
    parts = [code_fingerprint(f"embedding/{module.replace('.', '/')}.py") for module in sorted(modules)]
    return hashlib.sha256("".join(parts).encode()).hexdigest()[:16]
