#!/usr/bin/env python
"""Writes the tables of docs/rules.md from the registry of rules: `python scripts/rules_page.py`."""

import re
from pathlib import Path

from data_engine.filtering.rules.registry import rules_of
from data_engine.filtering.rules.rule import Rule
from data_engine.modalities import modality_names

PAGE = Path(__file__).resolve().parents[1] / "docs" / "rules.md"
_TABLE = re.compile(r"(<!-- rules of (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)


def table_of(rules: tuple[Rule, ...]) -> str:
    """The rules as a Markdown table."""
    if not rules:
        return "None yet.\n"
    lines = ["| rule | measures | stays when | default | published | source |", "|---|---|---|---|---|---|"]
    for rule in rules:
        side = f"its names reach {_number(0.5)}" if rule.score_of_names else rule.direction.replace("_", " ")
        published = ", ".join(f"{name} {_number(limit)}" for name, limit in rule.published.items()) or "-"
        default = "off" if rule.default is None else _number(rule.default)
        lines.append(f"| `{rule.name}` | {rule.measures} | {side} | {default} | {published} | {rule.source} |")
    return "\n".join(lines) + "\n"


def page(text: str) -> str:
    """The page with its tables as the registry has them now."""
    single = {rule.name for name in ("text", "image") for rule in rules_of(name)}
    own = {name: [rule for rule in rules_of(name) if rule.name not in single] for name in modality_names()}
    own |= {name: list(rules_of(name)) for name in ("text", "image")}
    tables = {name: table_of(tuple(rules)) for name, rules in own.items()}
    return _TABLE.sub(lambda found: f"{found[1]}{tables[found[2]]}{found[3]}", text)


def _number(value: float) -> str:
    return f"{value:,.10g}" if value < 1000 else f"{value:,.0f}"


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text("utf-8")), "utf-8")
