"""The door of the engine: compile interviews and run them. Everything else in this package is private to it.

engine = Engine(InterviewPath.of(folders))
result, blobs = engine.run(request, blobs, host)
"""

from __future__ import annotations

import sys
from typing import Any

from shared.interview.compile.assembly import compile_interview, compile_with_problems, findings_of
from shared.interview.compile.blocks import ModulesBlock
from shared.interview.compile.checks import check
from shared.interview.compile.interview import Finding, Interview
from shared.interview.errors import InterviewError, SourceError
from shared.interview.evaluate import fresh
from shared.interview.evaluate.endings import Ended
from shared.interview.evaluate.failure import failed
from shared.interview.evaluate.header import header_of
from shared.interview.evaluate.operations import carry_out, settle, shown_again
from shared.interview.evaluate.steering import Evaluation
from shared.interview.evaluate.submit import FormRefused
from shared.interview.library import import_hook
from shared.interview.library.exports import public_names
from shared.interview.library.file_desk import settle_files
from shared.interview.runtime.form_result import FormResult
from shared.interview.runtime.host import Host
from shared.interview.runtime.module_names import names_of_module
from shared.interview.runtime.namespace import as_namespace, builtins_with
from shared.interview.runtime.operations import (
    Blobs,
    RunRequest,
    StartOver,
)
from shared.interview.runtime.outcomes import RunFailed, RunResult
from shared.interview.runtime.packages import InterviewPackages
from shared.interview.runtime.pickling import StoredAnswers, dump_answers, load_answers
from shared.interview.runtime.run import Run, running
from shared.interview.source.reader import read_interview
from shared.kernel.errors import Refused
from shared.kernel.interview_path import InterviewPath

_STACK_DEPTH = 4000
"""Names may be sought for one another up to the `recursion limit` of an interview, at some frames each."""


class Engine:
    """Compiles interviews once and runs them. One per process; runs go one after the other."""

    def __init__(self, path: InterviewPath) -> None:
        """Make ready to run interviews of this path.

        Interview modules and the library become importable in this process, by the names authors know.
        """
        sys.setrecursionlimit(max(sys.getrecursionlimit(), _STACK_DEPTH))
        self._path = path
        self._compiled: dict[str, Interview] = {}
        import_hook.install()
        self._packages = InterviewPackages(path)
        self._packages.install()
        self._names = builtins_with(public_names())
        self._steering = Evaluation()

    def run(self, request: RunRequest, blobs: Blobs, host: Host) -> tuple[RunResult, Blobs]:
        """One run: its outcome, effects and how to save. What an author did wrong is an outcome, never an exception.

        In: "answers" (absent when `has_answers` is false), "prior", arguments. Out: see `Blobs`.
        """
        self._packages.forget_changed_modules()
        try:
            interview = self.interview(request.context.interview)
        except (InterviewError, Refused) as error:
            return _failed_without_run(error)
        before: StoredAnswers | None = None
        try:
            if request.has_answers:
                before = StoredAnswers.from_bytes(blobs["answers"])
            run, url_args_changed = self._start(interview, request, blobs, before, host)
            with running(run):
                return self._carry_out(run, request, blobs, before, url_args_changed)
        except FormRefused as refused:
            return self._refuse(interview, request, blobs, before, host, refused.result)
        except InterviewError as error:
            return _failed_without_run(error)

    def interview(self, reference: str) -> Interview:
        """The compiled interview; compiled again when one of its files has changed.

        Raises SourceError, and Refused of the kernel when there is no such interview.
        """
        known = self._compiled.get(reference)
        if known is not None and all(stamp.is_current() for stamp in known.stamps):
            return known
        self._compiled.pop(reference, None)
        interview = compile_interview(read_interview(reference, self._path))
        self._compiled[reference] = interview
        return interview

    def describe(self, reference: str, language: str = "*") -> dict[str, Any]:
        """What a start page says of an interview: title, description, tags, needs, cron types, and its problem."""
        empty: tuple[str, ...] = ()
        try:
            interview = self.interview(reference)
        except (InterviewError, Refused) as error:
            name = reference.rpartition("/")[2] or reference
            return {
                "title": name,
                "description": "",
                "tags": empty,
                "needs": empty,
                "cron_types": empty,
                "problem": str(error),
            }
        metadata = interview.metadata
        return {
            "title": interview.metadata_text("title", language) or interview.reference.rpartition("/")[2],
            "description": interview.metadata_text("description", language),
            "tags": _texts(metadata.get("tags")),
            "needs": _texts(metadata.get("needs")),
            "cron_types": interview.cron_types,
            "problem": "",
        }

    def lint(self, reference: str) -> list[Finding]:
        """Everything that is wrong or without effect in an interview, without running it."""
        try:
            compilation = compile_with_problems(read_interview(reference, self._path))
        except Refused as error:
            return [Finding("error", str(error))]
        more = check(compilation.interview, self._names, self._names_of_module) if compilation.is_whole else ()
        return findings_of(compilation, more)

    def _names_of_module(self, name: str, block: ModulesBlock) -> frozenset[str] | None:
        return names_of_module(name, block.package, self._path)

    # One run
    def _start(
        self,
        interview: Interview,
        request: RunRequest,
        blobs: Blobs,
        before: StoredAnswers | None,
        host: Host,
    ) -> tuple[Run, bool]:
        context, operation = request.context, request.operation
        answers = load_answers(before) if before is not None else fresh.fresh_answers(context)
        if isinstance(operation, StartOver):
            answers = fresh.restarted_answers(answers, context)
        as_namespace(answers, self._names)
        prior = None
        if request.has_prior:
            prior = as_namespace(load_answers(StoredAnswers.from_bytes(blobs["prior"])), self._names)
        url_args_changed = fresh.complete(answers, context)
        run = Run(
            interview=interview,
            answers=answers,
            operation=operation,
            context=context,
            host=host,
            steering=self._steering,
            path=self._path,
            tasks={task.task_id: task for task in request.tasks},
            prior=prior,
            language=context.default_language,
            country=context.default_country,
            locale=context.default_locale,
        )
        return run, url_args_changed

    def _carry_out(
        self, run: Run, request: RunRequest, blobs: Blobs, before: StoredAnswers | None, url_args_changed: bool
    ) -> tuple[RunResult, Blobs]:
        try:
            ended = carry_out(run, blobs, url_args_changed=url_args_changed)
            return _result(run, ended, before)
        except FormRefused:
            raise
        except Exception as error:  # errors of interview code are outcomes
            return _failed(error, run)
        finally:
            self._packages.watch_new_modules()

    def _refuse(
        self,
        interview: Interview,
        request: RunRequest,
        blobs: Blobs,
        before: StoredAnswers | None,
        host: Host,
        result: FormResult,
    ) -> tuple[RunResult, Blobs]:
        """Show the form again, on the answers as they were before it."""
        run, _ = self._start(interview, request, blobs, before, host)
        run.form_result = result
        with running(run):
            try:
                return _result(run, shown_again(run), before)
            except Exception as error:  # errors of interview code are outcomes
                return _failed(error, run)


def _result(run: Run, ended: Ended, before: StoredAnswers | None) -> tuple[RunResult, Blobs]:
    settle(ended, run)
    settle_files(run)
    blobs = run.blobs
    is_changed = False
    if ended.screen is not None:
        blobs["screen"] = ended.screen.model_dump_json(exclude_defaults=True).encode()
    if ended.save in {"new", "overwrite"}:
        after = dump_answers(run.answers)
        is_changed = before is None or not after.is_same_as(before)
        blobs["answers"] = after.to_bytes()
    result = RunResult(
        outcome=ended.outcome,
        save=ended.save,
        is_changed=is_changed,
        effects=tuple(run.effects),
        header=header_of(run),
    )
    return result, blobs


def _failed(error: Exception, run: Run) -> tuple[RunResult, Blobs]:
    """The run leaves nothing: no effects, no answers."""
    return RunResult(outcome=failed(error, run), save="ignore", is_changed=False), {}


def _failed_without_run(error: Exception) -> tuple[RunResult, Blobs]:
    title = "This interview has an error" if isinstance(error, SourceError) else "Error"
    outcome: RunFailed = failed(error, title=title)
    return RunResult(outcome=outcome, save="ignore", is_changed=False), {}


def _texts(value: Any) -> tuple[str, ...]:
    if value is None:
        return ()
    return tuple(str(item) for item in value) if isinstance(value, list | tuple) else (str(value),)
