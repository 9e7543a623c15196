"""Run one block that is not asked: code, objects, data, templates, tables, documents (spec/area4 §4.2, §4.3)."""

from __future__ import annotations

from typing import Any

from shared.interview.compile.blocks import (
    AttachmentBlock,
    CodeBlock,
    DataBlock,
    Definer,
    ObjectsBlock,
    ObjectsFromFileBlock,
    ResponseBlock,
    TableBlock,
    TemplateBlock,
)
from shared.interview.compile.expressions import Expression, Flag
from shared.interview.compile.names import parsed
from shared.interview.evaluate import dependencies
from shared.interview.evaluate.documents import make_documents
from shared.interview.evaluate.making import make_data, make_lazy_table, make_lazy_template, make_object
from shared.interview.evaluate.responding import respond
from shared.interview.library.package_files import objects_from_file
from shared.interview.runtime.run import Run
from shared.interview.runtime.sought import MANDATORY, Sought


def value_of(expression: Expression, run: Run) -> Any:
    """What an author's expression gives. Raises Undefined and kin, and whatever it raises."""
    return eval(expression.code, run.answers)


def holds(flag: Flag, run: Run) -> bool:
    """A YAML truth value, or whether an expression is true."""
    return flag if isinstance(flag, bool) else bool(value_of(flag, run))


def conditions_hold(block: Definer, run: Run) -> bool:
    """Whether all `if` expressions of a block are true."""
    return all(value_of(condition, run) for condition in block.conditions)


def prepare(block: Definer, run: Run) -> None:
    """What comes before a block that is not asked: undefine, reconsider, need."""
    _undefine(block, run)
    _reconsider(block, run)
    need_before(block, run)


def prepare_question(block: Definer, run: Run) -> None:
    """What comes before a question is shown: need, undefine, reconsider."""
    need_before(block, run)
    _undefine(block, run)
    _reconsider(block, run)


def need_before(block: Definer, run: Run) -> None:
    """Evaluate `need`."""
    for expression in block.need.pre:
        value_of(expression, run)


def need_after(block: Definer, run: Run) -> None:
    """Evaluate the `post` part of `need`."""
    for expression in block.need.post:
        value_of(expression, run)


def _undefine(block: Definer, run: Run) -> None:
    for name in block.undefine:
        run.undefine(name)


def _reconsider(block: Definer, run: Run) -> None:
    for name in block.reconsider:
        dependencies.reconsider(run, name)


def run_code(block: CodeBlock, run: Run) -> None:
    """Execute the statements. Raises what they raise."""
    run.block = block.name
    exec(block.code.code, run.answers)


def run_whole(block: Definer, run: Run) -> None:
    """Run a mandatory or initial block that is not asked, with everything it makes."""
    run.block = block.name
    prepare(block, run)
    match block:
        case CodeBlock():
            exec(block.code.code, run.answers)
        case ResponseBlock():
            respond(block, run)
        case ObjectsBlock():
            for name, expression in block.objects:
                if not run.is_defined(name):
                    create_object(run, name, name, expression)
        case _:
            for name in block.defines:
                if not run.is_defined(name):
                    create(block, run, Sought(name=name, variant=name))
    need_after(block, run)


def create_object(run: Run, name: str, variant: str, expression: Expression) -> None:
    """Make the object of one entry of an objects block, under the name it is sought by."""
    made = value_of(expression, run)
    _, steps = parsed(name)
    if steps and steps[-1][0] == "attribute":
        parent = run.evaluate(name[: name.rindex(".")])
        make_object(run, made, name, parent=parent, attribute=steps[-1][1])
        return
    run.define(name, make_object(run, made, name))


def create(block: Definer, run: Run, sought: Sought = MANDATORY) -> bool:
    """Make what a data, template, table or documents block defines; False when this block does not define it."""
    match block:
        case ObjectsBlock():
            for name, expression in block.objects:
                if name == sought.variant:
                    create_object(run, sought.name, name, expression)
                    return True
            return False
        case ObjectsFromFileBlock():
            for name, file in block.objects:
                if name == sought.variant:
                    made = objects_from_file(
                        file, name=sought.name, use_objects=block.uses_objects, package=block.package
                    )
                    run.define(sought.name, made)
                    return True
            return False
        case DataBlock():
            name = sought.literal(block.variable)
            run.define(name, make_data(run, block, name))
            return True
        case TemplateBlock():
            name = sought.literal(block.variable)
            run.define(name, make_lazy_template(run, block, name, sought))
            return True
        case TableBlock():
            name = sought.literal(block.variable)
            run.define(name, make_lazy_table(run, block, name, sought))
            return True
        case AttachmentBlock():
            return make_documents(run, block, sought)
        case _:
            return False
