"""Names of interview code: the answers, then the library and Python, then what is missing."""

from __future__ import annotations

import pytest

from shared.interview.errors import Undefined
from shared.interview.runtime.names import is_defined, peek
from shared.interview.runtime.namespace import Answers, as_namespace, builtins_with


def namespace(**answers: object) -> Answers:
    return as_namespace(dict(answers), builtins_with({"shout": str.upper}))


@pytest.mark.parametrize(
    "source",
    ["gone", "(lambda: gone)()", "[gone for _ in 'a']", "[a for a in 'a' if gone]", "max(gone, 1)", "shout(gone)"],
)
def test_a_missing_name_is_undefined_wherever_it_is_read(source: str) -> None:
    with pytest.raises(Undefined) as caught:
        eval(source, namespace())
    assert caught.value.name == "gone"


def test_a_class_body_and_a_function_see_the_same_names() -> None:
    names = namespace(color="red")
    exec("class Shape:\n    shade = color\ndef paint():\n    return color + gone\n", names)
    assert names["Shape"].shade == "red"
    with pytest.raises(Undefined):
        names["paint"]()


def test_variables_go_before_names_of_the_library_and_these_stay_out_of_the_answers() -> None:
    assert eval("shout('a')", namespace()) == "A"
    assert eval("shout", namespace(shout=1)) == 1
    assert set(namespace()) == {"__builtins__"}


def test_looking_at_a_name_never_runs_into_a_missing_one() -> None:
    names = namespace(a={"k": [1]}, i=0)
    assert peek("a['k'][i]", names) == (True, 1)
    assert [is_defined(name, names) for name in ("a['z']", "a.b", "gone.b", "a['k'][5]", "a[gone]")] == [False] * 5
