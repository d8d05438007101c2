"""Who made a label, computed from how the question was put; never sent by the page that asks it."""

from collections.abc import Callable, Iterable
from operator import eq

from data_engine.errors import InvalidInput

HUMAN = "human"
ADJUDICATED = "adjudicated"
HUMAN_ASSISTED = "human_assisted"
MODEL_EDITED = "model_edited"
MODEL_ACCEPTED = "model_accepted"
IMPORTED = "imported"
RULE_AUTO = "rule_auto"
MODEL_AUTO = "model_auto"
FOUNDATION_AUTO = "foundation_auto"
SIMULATED = "simulated"

GIVEN = "given"
"""The purpose of an imported label that is trained on; one that is held out has the purpose of the hold-out."""

CORRECTION = "correction"
"""The purpose of an imported label that stands in the place of the answers and proposals of before."""

REPEATED = "repeated"
"""The purpose of a task that asks again what somebody answered weeks ago."""

LEARNT_PURPOSES = (
    "query", "control", "audit", "leaf", "doubtful", "arriving", "drifted", REPEATED, "synthesised", "withdrawn",
    GIVEN, CORRECTION,
)  # fmt: skip
"""Why a sample is asked about, or given, whose answers may be trained on; hold-out and traps are not among them."""

DISTILLED = "distilled"
"""The purpose of an accepted answer of a foundation model that is trained on; nobody was asked, and it is no label."""

PROVENANCES = (
    HUMAN, ADJUDICATED, HUMAN_ASSISTED, MODEL_EDITED, MODEL_ACCEPTED, IMPORTED, RULE_AUTO, MODEL_AUTO,
    FOUNDATION_AUTO, SIMULATED,
)  # fmt: skip
"""All kinds, from the most to the least human."""

_ARMS = ("manual", "assisted", "proposed", "blind", "trap")
_SHOWING_ONE_LABEL = ("proposed", "trap")
_ARM_SHARES = {"manual": 0.2, "assisted": 0.2, "proposed": 0.4, "blind": 0.2}
"""How query and control tasks are asked once there are proposals; each pair of arms is an experiment."""
_ARM_SHARES_WITHOUT_HELP = {"manual": 0.6, "proposed": 0.2, "blind": 0.2}
"""The same of classes whose proposals make people slower: a few show one, so that it is seen when that changes."""


def drawn_arm(position: float, *, is_helped: bool) -> str:
    """The arm of a task with a proposal, by a number drawn from [0, 1).

    Args:
        position: the number; the same one gives the same arm.
        is_helped: false where proposals are known to make people slower.
    """
    for arm, share in (_ARM_SHARES if is_helped else _ARM_SHARES_WITHOUT_HELP).items():
        position -= share
        if position < 0:
            return arm
    return "blind"


def provenance(
    arm: str,
    proposed: str | None,
    answer: str,
    *,
    is_simulated: bool,
    is_same: Callable[[str, str], bool] = eq,
) -> str:
    """Who made one answer.

    Args:
        arm: manual and blind show no help, assisted offers suggestions, proposed and trap show one label to confirm
            or to correct.
        proposed: the label or answer that was suggested, None when nothing was; ignored in the arms that show nothing.
        answer: the label or answer given, in the same form.
        is_simulated: true when no person answered; this outweighs everything else.
        is_same: whether two answers are the same; see `answers.kind.AnswerKind.is_same`.

    Returns: human, human_assisted, model_accepted (the shown label was kept), model_edited (it was corrected) or
        simulated. Never adjudicated, which is what a reviewer decided, nor imported, rule_auto, model_auto or
        foundation_auto, which are labels that nobody answered here.
    Raises: InvalidInput for an unknown arm.
    """
    if arm not in _ARMS:
        raise InvalidInput(f"arm is {arm!r}; an answer has one of the arms {', '.join(_ARMS)}: correct the task")
    if is_simulated:
        return SIMULATED
    if proposed is None or arm in ("manual", "blind"):
        return HUMAN
    if arm in _SHOWING_ONE_LABEL:
        return MODEL_ACCEPTED if is_same(answer, proposed) else MODEL_EDITED
    return HUMAN_ASSISTED


def least_human(provenances: Iterable[str]) -> str:
    """The provenance of a label that rests on several answers: the least human of theirs.

    A label that one person gave freely and another confirmed from a proposal counts as model_accepted: whoever
    filters by provenance must never get a label that is less human than it says.

    Raises: InvalidInput for an unknown provenance, or none at all.
    """
    known = list(provenances)
    unknown = sorted(set(known) - set(PROVENANCES))
    if unknown or not known:
        raise InvalidInput(f"provenances are {unknown or 'none'}; give at least one of {', '.join(PROVENANCES)}")
    return max(known, key=PROVENANCES.index)
