"""Seeking, walked through to its end: any web of variables is asked in the order in which code meets them.

The rule it is compared with: code is run from its first line; the first name that has no value is sought; a question is
asked, code is begun in its turn; code that is met again while it waits is a circle (spec/area4 §4.2, §4.3).
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st

from shared.interview.runtime.operations import ShowScreen, SubmitForm
from shared.interview.runtime.outcomes import RunFailed
from tests.language.core.sessions import Session

Web = dict[str, list[str] | None]
"""By variable: the variables its code needs, in order; None for one that a person is asked."""
NAMES = [f"v{number}" for number in range(7)]


@st.composite
def webs(draw: st.DrawFn) -> Web:
    """Any web, with circles and without."""
    code = st.lists(st.sampled_from(NAMES), min_size=1, max_size=3)
    return {name: draw(st.one_of(st.none(), code)) for name in NAMES}


def interview_of(web: Web, order: list[str]) -> str:
    """An interview in which the blocks stand in this order, beginning with v0."""
    blocks = ["mandatory: True\ncode: v0\n", "mandatory: True\nquestion: All ${ v0 }\n"]
    for name in order:
        needs = web[name]
        if needs is None:
            blocks.append(f"question: {name}?\nfields:\n  - It: {name}\n    datatype: integer\n")
        else:
            blocks.append(f"code: |\n  {name} = 1 + {' + '.join(needs)}\n")
    return "---\n".join(blocks)


CIRCLE = "circle: "


def next_question(web: Web, values: Mapping[str, int], name: str, path: tuple[str, ...] = ()) -> str | None:
    """What is asked next on the way to a name; None when it can be had, `circle: name` when it goes round."""
    if name in path:
        return f"{CIRCLE}{name}"
    needs = web[name]
    if needs is None:
        return None if name in values else name
    for needed in needs:
        found = next_question(web, values, needed, (*path, name))
        if found is not None:
            return found
    return None


def value_of(web: Web, values: Mapping[str, int], name: str) -> int:
    needs = web[name]
    return values[name] if needs is None else 1 + sum(value_of(web, values, needed) for needed in needs)


@settings(max_examples=80)
@given(web=webs(), order=st.permutations(NAMES))
def test_what_is_missing_is_asked_in_the_order_in_which_code_meets_it(web: Web, order: list[str]) -> None:
    with TemporaryDirectory() as folder:
        s = Session(Path(folder), interview_of(web, order))
        values: dict[str, int] = {}
        result = s.run(ShowScreen(is_first=True))
        for _ in range(len(NAMES) + 1):
            wanted = next_question(web, values, "v0")
            if wanted is not None and wanted.startswith(CIRCLE):
                assert isinstance(result.outcome, RunFailed), s.screen.question_text
                assert result.outcome.failure.error_type == "AlreadySought"
                assert wanted.removeprefix(CIRCLE) in result.outcome.failure.variables
                return
            if wanted is None:
                assert s.asked(result) == f"All {value_of(web, values, 'v0')}"
                return
            assert s.asked(result) == f"{wanted}?"
            values[wanted] = len(values) + 2
            form = s.screen.form
            assert form is not None
            result = s.run(SubmitForm(form=form, inputs=((form.fields[0].input_name, str(values[wanted])),)))
        raise AssertionError("It asks more than there is")
