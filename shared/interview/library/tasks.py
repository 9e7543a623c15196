"""Background tasks as authors use them: launching, the handle, how a task ends (spec/area1 §3–§8)."""

from __future__ import annotations

import datetime
import hashlib
import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, get_args

from shared.interview.library.dates import DADateTime, as_datetime
from shared.interview.library.endings import pause_of
from shared.interview.library.faults import DAError
from shared.interview.library.named import COLLOQUY, public, public_in
from shared.interview.library.objects.base import DAObject
from shared.interview.library.objects.dicts import DADict
from shared.interview.library.objects.lists import DAList
from shared.interview.library.task_progress import bar_of
from shared.interview.runtime.effects import LaunchTask, NotificationMode, RevokeTask
from shared.interview.runtime.host import AwaitTask, FetchTaskResult, HostAnswer, LookAtTasks, TaskAnswer, TaskPictures
from shared.interview.runtime.names import is_legal
from shared.interview.runtime.operations import TaskPicture
from shared.interview.runtime.pickling import dump_value, load_value
from shared.interview.runtime.run import Run, current_run
from shared.interview.runtime.signals import BackgroundResponse, BackgroundResponseAction, CommandCalled
from shared.kernel.ids import derived_id, new_id

__all__ = [
    "BackgroundAction",
    "background_action",
    "background_error_action",
    "background_response",
    "background_response_action",
]

_MODES = frozenset(get_args(NotificationMode))
_ENDED = ("succeeded", "failed", "revoked")
_LOOKS, _LAUNCHES = "looks at tasks", "launches of tasks"
_NEAR, _MOST_NEAR = 64, 4096
"""How many tasks are looked at together: four times as many at each further look of a run, so that a run that looks at
thousands, in whatever order, needs a handful of looks."""
_STATE_TEXTS = {
    "pending": "PENDING",
    "running": "STARTED",
    "succeeded": "SUCCESS",
    "failed": "FAILURE",
    "revoked": "REVOKED",
}


@public_in(COLLOQUY)
class TaskResult:
    """How a task ended: `value`, or why it failed; absent parts are None."""

    def __init__(
        self,
        value: Any = None,
        error_type: str | None = None,
        error_message: str | None = None,
        error_trace: str | None = None,
        variables: list[str] | None = None,
    ) -> None:
        self.value, self.error_type, self.error_message = value, error_type, error_message
        self.error_trace, self.variables = error_trace, variables

    def __str__(self) -> str:
        return str(self.error_message if self.error_message is not None else self.value)


@public_in(COLLOQUY)
class TaskHandle:
    """A task that was launched. Stored as its id, and its result once that was looked at."""

    def __init__(self, task_id: str) -> None:
        self._task_id = task_id
        self._result: TaskResult | None = None

    @property
    def id(self) -> str:
        """The id of the task."""
        return self._task_id

    def ready(self) -> bool:
        """Whether the task has ended, well or not. Never waits; False in the turn that launched it."""
        if self._result is not None:
            return True
        run = current_run()
        picture = self._picture(run)
        if picture is not None and picture.state in _ENDED:
            return True
        run.waits_for_tasks.add(self._task_id)
        return False

    def wait(self) -> bool:
        """Wait until the task has ended. Always True. Raises DAError inside background code."""
        self._ended()
        return True

    def failed(self) -> bool:
        """Whether the task ended badly, also when an error action dealt with that. Waits if need be."""
        return self._ended().error_type is not None

    def get(self) -> Any:
        """The value the task ended with, or None. Waits if need be."""
        return self._ended().value

    def result(self) -> TaskResult:
        """The value and, after a failure, its particulars. Waits if need be."""
        return self._ended()

    def revoke(self, terminate: bool = True) -> None:
        """End the task; with `terminate=False` only if it has not begun. Without effect on one that has ended."""
        run = current_run()
        if self._result is not None:
            return
        picture = self._picture(run)
        if picture is None or picture.state not in _ENDED:
            run.effects.append(RevokeTask(task_id=self._task_id, terminate=terminate))

    def state(self) -> str:
        """PENDING, STARTED, SUCCESS, FAILURE or REVOKED."""
        picture = self._picture(current_run())
        if picture is None:
            return "PENDING" if self._result is None else ("FAILURE" if self._result.error_type else "SUCCESS")
        return _STATE_TEXTS[picture.state]

    def status(self) -> str:
        """The same as `state()`."""
        return self.state()

    def date_done(self) -> DADateTime | None:
        """When the task ended, or None."""
        picture = self._picture(current_run())
        if picture is None or picture.ended_at is None:
            return None
        return as_datetime(datetime.datetime.fromisoformat(picture.ended_at))

    def progress_bar(self) -> str:
        """HTML of a bar that shows how far the task is, by its own `task_progress()`; it moves while it is shown."""
        run = current_run()
        picture = self._picture(run)
        if self._result is not None:
            has_succeeded = self._result.error_type is None
        else:
            has_succeeded = picture is not None and picture.state == "succeeded"
            if picture is None or picture.state not in _ENDED:
                run.waits_for_tasks.add(self._task_id)
        return bar_of(self._task_id, picture, has_succeeded=has_succeeded)

    def _picture(self, run: Run) -> TaskPicture | None:
        """How the task stood when the answers were loaded; None for one launched since."""
        if self._task_id not in run.tasks and _blob(self._task_id) not in run.blobs:
            looks = run.memo[_LOOKS] = run.memo.get(_LOOKS, 0) + 1
            number = min(_NEAR * 4 ** (looks - 1), _MOST_NEAR)
            answer, _ = run.host.call(LookAtTasks(task_id=self._task_id, number=number))
            assert isinstance(answer, TaskPictures)
            # What was seen once stays as it was seen: a run has one picture of a task.
            run.tasks = {self._task_id: None} | {each.task_id: each for each in answer.tasks} | run.tasks
        return run.tasks.get(self._task_id)

    def _ended(self) -> TaskResult:
        """The result, fetched or waited for. Raises DAError where that cannot be."""
        run = current_run()
        if run.is_background:
            raise DAError(
                "wait(), get(), failed() and result() of a task cannot be used in background code: "
                "look at the task in the interview itself, or pass the value on with background_response_action()"
            )
        if self._result is None:
            self._result = self._fetch(run)
        return self._result

    def _fetch(self, run: Run) -> TaskResult:
        picture = self._picture(run)
        if picture is not None and picture.state in _ENDED:
            answer, blobs = run.host.call(FetchTaskResult(task_id=self._task_id))
        else:
            launch = _launch_in(run, self._task_id)
            carried = {} if launch is None else {launch.arguments_blob: run.blobs[launch.arguments_blob]}
            answer, blobs = run.host.call(AwaitTask(task_id=self._task_id, launch=launch), carried)
        return _result_of(answer, blobs)


def _launch_in(run: Run, task_id: str) -> LaunchTask | None:
    """The effect of this run that launches the task."""
    for effect in run.effects:
        if isinstance(effect, LaunchTask) and effect.task_id == task_id:
            return effect
    return None


def _result_of(answer: HostAnswer, blobs: dict[str, bytes]) -> TaskResult:
    assert isinstance(answer, TaskAnswer)
    if answer.refusal:
        raise DAError(answer.refusal)
    value = load_value(blobs["payload"]) if "payload" in blobs else None
    failure = answer.task.failure
    if failure is not None:
        return TaskResult(
            value, failure.error_type, failure.error_message, failure.error_trace, list(failure.variables)
        )
    if answer.task.state == "revoked":
        return TaskResult(None, "TaskRevokedError", "The task was revoked", None, [])
    if answer.task.state == "failed":
        return TaskResult(value, "TaskFailed", "The task failed", None, [])
    return TaskResult(value)


@public_in(COLLOQUY)
@dataclass(frozen=True, kw_only=True)
class Launching:
    """`background_action`: launches tasks. Its options are its own, because every keyword of a call is an argument.

    May be a variable of an interview, and is stored with its answers by the names of its options.
    """

    is_idempotent: bool = False
    time_limit_seconds: float | None = None
    is_low_priority: bool = False

    def __call__(self, /, *positional: Any, **arguments: Any) -> TaskHandle:
        """Run an action in the background: `background_action('action', mode, **arguments)`. Returns at once.

        `mode` says how the browser is told: None, flash, refresh, javascript or fields. Any argument names, any values
        that can be pickled. Raises DAError when no action is named.
        """
        action = _action_name("background_action", positional)
        run = current_run()
        mode = positional[1] if len(positional) > 1 else None
        if mode is not None and not (isinstance(mode, str) and mode in _MODES):
            run.note(f"background_action: {mode!r} is no way to tell the browser; nothing is told")
            mode = None
        dumped = dump_value(arguments, f"The arguments of background_action({action!r})")
        task_id = _task_id(run, action, mode, dumped)
        blob = _blob(task_id)
        run.blobs[blob] = dumped
        run.effects.append(
            LaunchTask(
                task_id=task_id,
                action=action,
                arguments_blob=blob,
                mode=mode,
                language=run.language,
                is_low_priority=self.is_low_priority,
                time_limit_seconds=self.time_limit_seconds,
                is_idempotent=self.is_idempotent,
            )
        )
        return TaskHandle(task_id)

    def with_options(
        self, *, idempotent: bool = False, time_limit: float | None = None, low_priority: bool = False
    ) -> Launching:
        """`background_action` for tasks of another kind: `background_action.with_options(time_limit=60)('name', …)`.

        `idempotent`: it may be run again from the start when its worker is lost in the middle. `time_limit`: seconds
        after which it fails; the server's own limit holds besides. `low_priority`: others go first.
        Raises DAError when the time limit is no number above 0.
        """
        if time_limit is not None and not (_is_number(time_limit) and 0 < time_limit < math.inf):
            raise DAError(f"time_limit needs a number of seconds above 0, and not {time_limit!r}")
        return Launching(
            is_idempotent=bool(idempotent),
            time_limit_seconds=None if time_limit is None else float(time_limit),
            is_low_priority=bool(low_priority),
        )


background_action = Launching()


def _blob(task_id: str) -> str:
    """Under which name the arguments of a task travel that is launched in this run."""
    return f"task-{task_id}"


def _is_number(given: Any) -> bool:
    return isinstance(given, int | float) and not isinstance(given, bool)


def _task_id(run: Run, action: str, mode: str | None, arguments: bytes) -> str:
    """The same in every run of one operation: a handle still names the task when a refused turn runs again.

    It stands for what is launched, too: a run that takes another way on fresh answers must not be given the task that
    an earlier one has waited for.
    """
    if not run.context.operation_id:
        return new_id()
    content = hashlib.sha256(arguments).hexdigest()
    launches: Counter[tuple[str, str | None, str]] = run.memo.setdefault(_LAUNCHES, Counter())
    same = launches[action, mode, content]
    launches[action, mode, content] += 1
    context = run.context
    return derived_id("colloquy task", context.session_id, context.operation_id, action, mode or "", content, str(same))


def _action_name(function: str, positional: tuple[Any, ...]) -> str:
    if not positional or not isinstance(positional[0], str) or not positional[0]:
        raise DAError(f"{function}() needs the name of an action as its first argument")
    if not is_legal(positional[0]):
        raise DAError(f"Illegal variable name {positional[0]!r} in {function}()")
    return positional[0]


def background_response(*positional: Any, **keywords: Any) -> None:
    """End background, check-in or cron code with a value. Raises BackgroundResponse.

    The value is the one positional argument, a list of several, or the keywords (spec/area1 §6.1).
    """
    sleep = keywords.pop("sleep", None)
    if positional and keywords:
        payload: Any = {"pargs": list(positional), "kwargs": keywords}
    elif len(positional) > 1:
        payload = list(positional)
    elif positional:
        payload = positional[0]
    else:
        payload = keywords
    raise BackgroundResponse(_with_choices(payload), sleep_seconds=pause_of(sleep))


def background_response_action(*positional: Any, **arguments: Any) -> None:
    """End a task by running an action that saves what it changes. Raises BackgroundResponseAction."""
    raise BackgroundResponseAction(_action_name("background_response_action", positional), arguments)


def background_error_action(*positional: Any, **arguments: Any) -> None:
    """Name the action that is run if this task fails; the last call counts. Returns."""
    current_run().error_action = (_action_name("background_error_action", positional), arguments)


# -- Fields for the browser ------------------------------------------------------------------------------------------


def _with_choices(payload: Any) -> Any:
    """The payload with choices in their one form. Raises DAError when `fields` are no dictionary."""
    if isinstance(payload, list) and len(payload) == 2 and payload[1] == "fields":
        if not isinstance(payload[0], dict | DADict):
            raise DAError("background_response(): a dictionary must be given with 'fields'")
        return [fields_with_choices(payload[0]), "fields"]
    return fields_with_choices(payload) if isinstance(payload, dict) else payload


def fields_with_choices(fields: Any) -> dict[Any, Any]:
    """Values for fields; `choices` among them become ordered pairs of value and label (spec/area1 §6.4)."""
    entries = fields.elements if isinstance(fields, DADict) else fields
    return {
        name: {**value, "choices": _pairs(value["choices"])}
        if isinstance(value, dict) and "choices" in value
        else value
        for name, value in entries.items()
    }


def _pairs(choices: Any) -> list[list[Any]]:
    if isinstance(choices, DADict | DAList):
        choices = choices.elements
    if isinstance(choices, dict):
        return [[value, label] for value, label in choices.items()]
    if isinstance(choices, str) or not isinstance(choices, Iterable):
        return [[choices, choices]]
    return [_pair(choice) for choice in choices]


def _pair(choice: Any) -> list[Any]:
    match choice:
        case {"label": label, "value": value} | {"label": label, "key": value}:
            return [value, label]
        case dict() if len(choice) == 1:
            return list(next(iter(choice.items())))
        case [value, label]:
            return [value, label]
    return [choice, choice]


@public
class BackgroundAction(DAObject):
    """A background action with a waiting screen of its own (spec/area1 §3 end).

    Derived classes may define `process_response(result)` and `on_failure(result)`.
    """

    def init(self, *arguments: Any, **attributes: Any) -> None:
        """The waiting screen looks again every four seconds."""
        self.__dict__["refresh_seconds"] = 4
        super().init(*arguments, **attributes)

    def run(self, /, *positional: Any, **arguments: Any) -> Any:
        """Launch at the first call and show a waiting screen; give the processed value once the task has ended."""
        run = current_run()
        if run.is_background:
            raise DAError("BackgroundAction cannot be used in background code")
        task: TaskHandle | None = self.__dict__.get("_task")
        if task is None:
            self.__dict__["_task"] = background_action(*positional, **arguments)
            raise CommandCalled("wait", sleep_seconds=float(self.refresh_seconds))
        if not task.ready():
            run.save_status = "ignore"
            raise CommandCalled("wait", sleep_seconds=float(self.refresh_seconds))
        result = task.result()
        del self.__dict__["_task"]
        return self.on_failure(result) if result.error_type is not None else self.process_response(result)

    def running(self) -> bool:
        """Whether a task was launched and its value not yet taken."""
        return "_task" in self.__dict__

    def ready(self) -> bool | None:
        """Whether the task has ended; None when there is none."""
        task: TaskHandle | None = self.__dict__.get("_task")
        return None if task is None else task.ready()

    def process_response(self, result: TaskResult) -> Any:
        """What `run()` gives after a good end."""
        return result.value

    def on_failure(self, result: TaskResult) -> Any:
        """What `run()` gives after a failure."""
        return result.value
