"""The door of the engine: compile interviews and run them. Everything else in this package is private to it.

engine = Engine(InterviewPath.of(folders))
result, blobs = engine.run(request, blobs, host)
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

from shared.interview.compile.assembly import compile_interview, compile_with_problems, findings_of
from shared.interview.compile.blocks import ModulesBlock
from shared.interview.compile.checks import check
from shared.interview.compile.interview import Finding, Interview
from shared.interview.documents.work_order import DocumentWork
from shared.interview.errors import InterviewError, SourceError
from shared.interview.evaluate import fresh
from shared.interview.evaluate.access import names_in, refusal
from shared.interview.evaluate.changes import Changes, changes_between
from shared.interview.evaluate.endings import LEAVING, Ended
from shared.interview.evaluate.failure import error_action, error_note, failed
from shared.interview.evaluate.header import header_of
from shared.interview.evaluate.operations import carry_out, is_visit, settle, shown_again
from shared.interview.evaluate.steering import Evaluation
from shared.interview.evaluate.submit import FormRefused
from shared.interview.library import import_hook
from shared.interview.library.author_stores import databases, rows
from shared.interview.library.exports import public_names
from shared.interview.library.file_desk import settle_files
from shared.interview.library.json_form import simplified
from shared.interview.library.objects import shared_attributes
from shared.interview.runtime.effects import LogLine
from shared.interview.runtime.form_result import FormResult
from shared.interview.runtime.host import Host
from shared.interview.runtime.module_names import names_of_module
from shared.interview.runtime.namespace import Builtins, as_namespace, builtins_with
from shared.interview.runtime.operations import (
    Blobs,
    RunRequest,
    StartOver,
)
from shared.interview.runtime.outcomes import CommandGiven, ResponseReady, RunFailed, RunResult
from shared.interview.runtime.packages import InterviewPackages
from shared.interview.runtime.pickling import StoredAnswers, dump_answers, load_answers, load_value
from shared.interview.runtime.run import Run, running
from shared.interview.source.reader import read_interview
from shared.kernel.errors import Refused
from shared.kernel.interview_path import InterviewPath

_STACK_DEPTH = 4000
"""Names may be sought for one another up to the `recursion limit` of an interview, at some frames each."""


class Engine:
    """Compiles interviews once and runs them. One per process; runs go one after the other."""

    def __init__(self, path: InterviewPath, config: Mapping[str, Any] | None = None) -> None:
        """Make ready to run interviews of this path. `config` is what they may know of the server before they run.

        Interview modules and the library become importable in this process, by the names authors know.
        """
        sys.setrecursionlimit(max(sys.getrecursionlimit(), _STACK_DEPTH))
        self._path, self._config = path, dict(config or {})
        self._compiled: dict[str, Interview] = {}
        import_hook.install()
        self._packages = InterviewPackages(path)
        self._packages.install()
        self._names = builtins_with(public_names())
        self._few_names = builtins_with(public_names(), are_seen=False)
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
        barred = refusal(interview, request.context, request.operation, is_new=not request.has_answers)
        if barred is not None:
            return RunResult(outcome=barred, save="ignore", is_changed=False), {}
        before: StoredAnswers | None = None
        try:
            if request.has_answers:
                before = StoredAnswers.from_bytes(blobs["answers"])
            run, url_args_changed = self._start(interview, request, blobs, before, host)
            with running(run):
                result, made = self._carry_out(run, request, blobs, before, url_args_changed)
            instead = error_action(interview, request.operation, result.outcome)
            if instead is None:
                return result, made
            handled = self._handle_error(interview, request.model_copy(update={"operation": instead}), before, host)
            if handled is None:
                return result, made
            note = error_note(interview, result.outcome)
            effects = (*result.effects, *handled[0].effects, note)
            return handled[0].model_copy(update={"effects": effects}), handled[1]
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
        interview = compile_interview(read_interview(reference, self._path, self._config))
        self._compiled[reference] = interview
        return interview

    def describe(self, reference: str, language: str = "*") -> dict[str, Any]:
        """What a start page says of an interview: title, description, tags, needs, what can be
        asked for as an action, and its problem.
        """
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
                "actions": empty,
                "problem": str(error),
            }
        metadata = interview.metadata
        return {
            "title": interview.metadata_text("title", language) or interview.reference.rpartition("/")[2],
            "description": interview.metadata_text("description", language),
            "tags": _texts(metadata.get("tags")),
            "needs": _texts(metadata.get("needs")),
            "actions": tuple(sorted(name for name in interview.index.names() if name.isidentifier())),
            "is_unlisted": metadata.get("unlisted") is True,
            "listed_for": tuple(sorted(names_in(metadata.get("required privileges for listing")))),
            "problem": "",
        }

    def simplify(self, value: bytes) -> Any:
        """The plain form of a value that interview code has put away, for JSON. Raises UnreadableAnswers."""
        return simplified(load_value(value))

    def names(self, reference: str) -> dict[str, Any]:
        """Which names an interview defines, and which its author may use. Raises as `interview`."""
        interview = self.interview(reference)
        defined = {name for name, _ in interview.index.blocks()}
        return {"names": sorted(defined), "vocabulary": sorted(defined | set(public_names()))}

    def work(self, work: DocumentWork, contents: bytes) -> tuple[dict[str, Any], bytes]:
        """Do something with a file. Raises the errors of documents."""
        from shared.interview.documents.work import done

        return done(work, contents)

    def lint(self, reference: str) -> list[Finding]:
        """Everything that is wrong or without effect in an interview, without running it."""
        try:
            compilation = compile_with_problems(read_interview(reference, self._path, self._config))
        except Refused as error:
            return [Finding("error", str(error))]
        if not compilation.is_whole:
            return findings_of(compilation, ())
        interview = compilation.interview
        return findings_of(
            compilation,
            check(interview, self._names_for(interview), self._names_of_module, self._names_of_template),
        )

    def _names_for(self, interview: Interview) -> Builtins:
        """What an interview sees without importing it."""
        return self._few_names if interview.metadata.get("suppress loading util") is True else self._names

    def _names_of_module(self, name: str, block: ModulesBlock) -> frozenset[str] | None:
        return names_of_module(name, block.package, self._path)

    def _names_of_template(self, reference: str, kind: str, package: str) -> frozenset[str] | None:
        from shared.interview.documents.template_names import names_of_template

        return names_of_template(reference, kind, package, self._path)

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
        shared_attributes.forget_restored()
        rows.forget_restored()
        databases.know(context.author_databases)
        answers = load_answers(before) if before is not None else fresh.fresh_answers(context)
        if isinstance(operation, StartOver):
            answers = fresh.restarted_answers(answers, context)
        names = self._names_for(interview)
        as_namespace(answers, names)
        prior = None
        if request.has_prior:
            prior = as_namespace(load_answers(StoredAnswers.from_bytes(blobs["prior"])), names)
        url_args_changed = fresh.complete(answers, context)
        run = Run(
            interview=interview,
            answers=answers,
            operation=operation,
            context=context,
            host=host,
            steering=self._steering,
            path=self._path,
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
            shared_attributes.bring_in_restored(run)
            rows.bring_in_restored(run)
            ended = carry_out(run, blobs, url_args_changed=url_args_changed)
            prior = StoredAnswers.from_bytes(blobs["prior"]) if request.has_prior else None
            return _result(run, ended, before, prior or before)
        except FormRefused:
            raise
        except Exception as error:  # errors of interview code are outcomes
            return _failed(error, run)
        finally:
            self._packages.watch_new_modules()

    def _handle_error(
        self, interview: Interview, request: RunRequest, before: StoredAnswers | None, host: Host
    ) -> tuple[RunResult, Blobs] | None:
        """Run the interview's error action on the answers as they were; None when it fails as well."""
        blobs: Blobs = {}
        run, _ = self._start(interview, request.model_copy(update={"has_prior": False}), blobs, before, host)
        with running(run):
            result, made = self._carry_out(run, request, blobs, before, False)
        return None if isinstance(result.outcome, RunFailed) else (result, made)

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
                shared_attributes.bring_in_restored(run)
                rows.bring_in_restored(run)
                return _result(run, shown_again(run), before, before)
            except Exception as error:  # errors of interview code are outcomes
                return _failed(error, run)


def _result(
    run: Run, ended: Ended, before: StoredAnswers | None, newest: StoredAnswers | None
) -> tuple[RunResult, Blobs]:
    """`before` is what the run went on from, `newest` what was there: of Back, the step that is dropped."""
    settle_files(run)
    if ended.save != "ignore":
        shared_attributes.keep_changes(run)
        rows.keep_changes(run)
    if _only_told(run, ended, before) or _leaves_at_once(ended, before):
        ended.save = "ignore"
    is_again = before is not None and is_visit(run)
    settle(ended, run)
    blobs = run.blobs
    is_changed, changes = False, Changes()
    if ended.screen is not None:
        blobs["screen"] = ended.screen.model_dump_json(exclude_defaults=True).encode()
    if ended.save in {"new", "overwrite"}:
        after = dump_answers(run.answers)
        is_changed = before is None or not after.is_same_as(before)
        blobs["answers"] = after.to_bytes()
        if run.context.notes_changes:
            changes = changes_between(newest, after)
    result = RunResult(
        outcome=ended.outcome,
        save=ended.save,
        is_changed=is_changed,
        is_visit=is_again,
        effects=tuple(run.effects),
        header=header_of(run, changes),
    )
    return result, blobs


def _leaves_at_once(ended: Ended, before: StoredAnswers | None) -> bool:
    """Whether a session that was only just begun is left again."""
    return before is None and isinstance(ended.outcome, CommandGiven) and ended.outcome.name in LEAVING


def _only_told(run: Run, ended: Ended, before: StoredAnswers | None) -> bool:
    """Whether a run gave data or a command and changed nothing: no step that anybody would want to go back from.

    Programs ask for data again and again.
    """
    is_told = isinstance(ended.outcome, ResponseReady | CommandGiven)
    if ended.save != "new" or before is None or run.effects or not is_told:
        return False
    ended.save = "overwrite"
    settle(ended, run)
    ended.save = "new"
    return dump_answers(run.answers).is_same_as(before)


def _failed(error: Exception, run: Run) -> tuple[RunResult, Blobs]:
    """The run leaves nothing but what it wrote to the log: no answers, and nothing that it asked for."""
    written = tuple(effect for effect in run.effects if isinstance(effect, LogLine))
    return RunResult(outcome=failed(error, run), save="ignore", is_changed=False, effects=written), {}


def _failed_without_run(error: Exception) -> tuple[RunResult, Blobs]:
    title = "This interview has an error" if isinstance(error, SourceError) else "Error"
    outcome: RunFailed = failed(error, title=title)
    return RunResult(outcome=outcome, save="ignore", is_changed=False), {}


def _texts(value: Any) -> tuple[str, ...]:
    if value is None:
        return ()
    return tuple(str(item) for item in value) if isinstance(value, list | tuple) else (str(value),)
