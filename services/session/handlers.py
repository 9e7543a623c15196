"""One short function for every message the session service works on."""

from __future__ import annotations

from services.session import operations
from services.session.background import TaskEndings
from services.session.checkins import CheckIns
from services.session.files import FileDoor
from services.session.interviews import InterviewCatalog
from services.session.operations import Request
from services.session.outcomes import busy_reply, done_of
from services.session.turn import TooManyTurns, Turns
from shared.bus.dispatch import HandlerTable
from shared.contracts.session import (
    ActionDone,
    BackgroundEnded,
    CheckIn,
    DeliverMail,
    EndSession,
    FileReply,
    GoBack,
    InterviewList,
    ListInterviews,
    OpenFile,
    OpenSession,
    PerformAction,
    ReadVariables,
    RunAction,
    RunSweep,
    SubmitAnswers,
    TurnReply,
    WriteVariables,
)
from shared.evaluation.port import PoolBusy
from shared.kernel.errors import Refused


class NotServedYet(Refused):
    """This release does not serve this message yet."""


async def _reply(turns: Turns, request: Request) -> TurnReply:
    """The reply of a turn that a person waits for: a server that is too busy says so, and the page asks again."""
    try:
        return (await turns.run(request)).reply
    except (PoolBusy, TooManyTurns):
        return busy_reply(request)


async def on_open_session(message: OpenSession, *, turns: Turns) -> TurnReply:
    """Show the current screen, of a new session if there is none."""
    return await _reply(turns, operations.open_session(message))


async def on_submit_answers(message: SubmitAnswers, *, turns: Turns) -> TurnReply:
    """Take a posted form."""
    return await _reply(turns, operations.submit_answers(message))


async def on_go_back(message: GoBack, *, turns: Turns) -> TurnReply:
    """Drop the newest step."""
    return await _reply(turns, operations.go_back(message))


async def on_perform_action(message: PerformAction, *, turns: Turns) -> TurnReply:
    """Run an action somebody clicked."""
    return await _reply(turns, operations.perform_action(message))


async def on_check_in(message: CheckIn, *, check_ins: CheckIns) -> TurnReply:
    """Run check-in code, and hand out notices."""
    return await check_ins.answer(message)


async def on_open_file(message: OpenFile, *, files: FileDoor) -> FileReply:
    """Open a file for who may see it."""
    return await files.open(message)


async def on_end_session(message: EndSession, *, turns: Turns) -> TurnReply:
    """Start over or delete."""
    return await _reply(turns, operations.end_session(message))


async def on_read_variables(message: ReadVariables, *, turns: Turns) -> TurnReply:
    """The answers as JSON."""
    return await _reply(turns, operations.read_variables(message))


async def on_write_variables(message: WriteVariables, *, turns: Turns) -> TurnReply:
    """Set and delete variables from outside."""
    return await _reply(turns, operations.write_variables(message))


async def on_list_interviews(message: ListInterviews, *, catalog: InterviewCatalog) -> InterviewList:
    """Which interviews can be started."""
    return InterviewList(interviews=await catalog.entries(message.language))


async def on_background_ended(message: BackgroundEnded, *, endings: TaskEndings) -> None:
    """Take in the result of a task."""
    await endings.take_in(message)


async def on_run_action(message: RunAction, *, turns: Turns) -> ActionDone:
    """Run an action that no person waits for."""
    return done_of((await turns.run(operations.run_action(message))).reply)


async def on_run_sweep(message: RunSweep) -> None:
    """Cron types come with a later part."""
    raise NotServedYet("RunSweep: scheduled tasks come with a later part.")


async def on_deliver_mail(message: DeliverMail) -> None:
    """Mail for sessions comes with a later part."""
    raise NotServedYet("DeliverMail: mail for sessions comes with a later part.")


HANDLERS: HandlerTable = {
    OpenSession: on_open_session,
    SubmitAnswers: on_submit_answers,
    GoBack: on_go_back,
    PerformAction: on_perform_action,
    CheckIn: on_check_in,
    OpenFile: on_open_file,
    EndSession: on_end_session,
    ReadVariables: on_read_variables,
    WriteVariables: on_write_variables,
    ListInterviews: on_list_interviews,
    BackgroundEnded: on_background_ended,
    RunAction: on_run_action,
    RunSweep: on_run_sweep,
    DeliverMail: on_deliver_mail,
}
