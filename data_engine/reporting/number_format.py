"""Formats numbers for people: shares, intervals, durations; and cuts texts to a line.

Formatting a sample is in `sample_text.py`.
"""

from data_engine.reporting.metrics.metric import Metric

ELLIPSIS = "…"


def share(value: float) -> str:
    """A share as a percentage with one decimal; the ends keep their meaning (`> 99.9 %` is not 100 %)."""
    if 0.9995 <= value < 1:
        return "> 99.9 %"
    if 0 < value < 0.0005:
        return "< 0.1 %"
    return f"{100 * value:.1f} %"


def figure(metric: Metric) -> str:
    """The value of a metric in its unit."""
    if metric.unit == "share":
        return share(metric.value)
    if metric.unit == "seconds":
        return duration(metric.value)
    if metric.unit in ("nats", "alpha", "score", "times"):
        return f"{metric.value:.2f}"
    return f"{metric.value:,.0f}"


def interval(metric: Metric) -> str:
    """The 90 % interval of a metric, as `88.0 to 93.5 %`; empty when it has none."""
    if metric.low is None or metric.high is None:
        return ""
    if metric.unit == "share":
        return f"{100 * metric.low:.1f} to {100 * metric.high:.1f} %"
    return f"{metric.low:.2f} to {metric.high:.2f}"


def with_interval(metric: Metric) -> str:
    """Value and interval, as `91.2 % (90 % interval 88.0 to 93.5 %, n = 300)`."""
    details = [f"90 % interval {interval(metric)}"] if interval(metric) else []
    details += [f"n = {metric.n:,}"] if metric.n is not None else []
    return f"{figure(metric)} ({', '.join(details)})" if details else figure(metric)


def duration(seconds: float) -> str:
    """Seconds, or minutes and seconds from two minutes on."""
    if seconds < 120:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    return f"{whole // 60} min {whole % 60:02d} s"


def number(value: float) -> str:
    """A measured number or a limit: whole from a thousand on, with separators; otherwise four digits."""
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"


def snippet(text: str | None, most: int = 180) -> str:
    """A text on one line, cut at `most` characters."""
    line = " ".join((text or "").split())
    return line if len(line) <= most else f"{line[: most - 1].rstrip()}{ELLIPSIS}"


def plain(name: str) -> str:
    """An identifier as words: `near_duplicate` is `near duplicate`."""
    return name.replace("_", " ")
