"""One short function for every message the session service works on."""

from __future__ import annotations

import base64

from services.session import operations
from services.session.accounts import Accounts
from services.session.actions import ForeignActions
from services.session.background import TaskEndings
from services.session.checkins import CheckIns
from services.session.file_work import FileWork
from services.session.files import FileDoor
from services.session.inactive import InactiveSessions
from services.session.interviews import InterviewCatalog
from services.session.mail_line import MailLine
from services.session.my_sessions import MySessions
from services.session.operations import Request
from services.session.outcomes import TooManyTurns, busy_reply, done_of
from services.session.overview import SessionOverview
from services.session.provenance import ProvenanceDesk
from services.session.reaching import Reaching, answer_to_task
from services.session.run_desk import RunDesk
from services.session.sweeps import Sweeps
from services.session.timer_troubles import TimerTroubles
from services.session.turn import Turns
from shared.bus.dispatch import HandlerTable
from shared.contracts.base import Sealed
from shared.contracts.envelope import Envelope
from shared.contracts.file_work import NameVariables, VariableNames, WorkedOnFile, WorkOnFile
from shared.contracts.operators import ListRuns, Oversee, Overview, RunList
from shared.contracts.provenance import Provenance, TellProvenance
from shared.contracts.session import (
    ActionDone,
    ActionTaken,
    AdoptedSessions,
    AdoptSessions,
    BackgroundEnded,
    BackgroundsEnded,
    CheckIn,
    DeletedSessions,
    DeleteInactive,
    DeliverMail,
    EndSession,
    FileReply,
    GoBack,
    InterviewList,
    ListInterviews,
    OpenFile,
    OpenSession,
    PerformAction,
    ReachedSession,
    ReachOtherSession,
    ReadVariables,
    RunAction,
    RunCron,
    RunSweep,
    SimpleValue,
    SimplifyValue,
    SubmitAnswers,
    TakeAction,
    TurnReply,
    VisitSessions,
    WriteVariables,
)
from shared.contracts.session_lists import (
    DeleteAccount,
    DeletedAccount,
    LeaveSessions,
    LeftSessions,
    ListSessions,
    SessionPage,
)
from shared.evaluation.pool import InterviewUnreadable
from shared.evaluation.port import Evaluator, PoolBusy, ValueUnreadable
from shared.evaluation.run_stores import StoreParts
from shared.kernel.ids import SessionId
from shared.stores.adopting import adopt


def _texts(value: object) -> tuple[str, ...]:
    """What an interview process says is a list of texts, as far as it is one."""
    return tuple(str(one) for one in value) if isinstance(value, list | tuple) else ()


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


async def on_simplify_value(message: SimplifyValue, *, evaluator: Evaluator) -> SimpleValue:
    """Tell what interview code has put away as JSON."""
    try:
        return SimpleValue(value=Sealed(await evaluator.simplify(base64.b64decode(message.value.value))))
    except ValueUnreadable:
        return SimpleValue()


async def on_name_variables(message: NameVariables, *, evaluator: Evaluator) -> VariableNames:
    """Tell the names of an interview."""
    try:
        facts = await evaluator.names(message.interview)
    except InterviewUnreadable as error:
        return VariableNames(problem=str(error))
    return VariableNames(names=_texts(facts.get("names")), vocabulary=_texts(facts.get("vocabulary")))


async def on_work_on_file(message: WorkOnFile, *, file_work: FileWork) -> WorkedOnFile:
    """Do something with a file that is part of no session."""
    return await file_work.do(message)


async def on_list_interviews(message: ListInterviews, *, catalog: InterviewCatalog) -> InterviewList:
    """Which interviews can be started."""
    return InterviewList(interviews=await catalog.entries(message.language, message.privileges))


async def on_adopt_sessions(message: AdoptSessions, *, mine: MySessions, stores: StoreParts) -> AdoptedSessions:
    """Somebody has signed in."""
    await adopt(stores.database, message.visitor.value, sealer=stores.sealer, clock=stores.clock)
    return await mine.adopt(message)


async def on_list_sessions(message: ListSessions, *, mine: MySessions) -> SessionPage:
    """A page of somebody's sessions."""
    return await mine.page(message)


async def on_leave_sessions(message: LeaveSessions, *, mine: MySessions) -> LeftSessions:
    """Somebody leaves sessions."""
    return await mine.leave(message)


async def on_list_runs(message: ListRuns, *, run_desk: RunDesk) -> RunList:
    """What became of fires of cron types."""
    return await run_desk.page(message)


async def on_delete_account(message: DeleteAccount, *, accounts: Accounts) -> DeletedAccount:
    """An account ends."""
    return await accounts.delete(message)


async def on_oversee(message: Oversee, *, overview: SessionOverview) -> Overview:
    """Which interviews have sessions, and where they fail."""
    return await overview.of(message)


async def on_tell_provenance(message: TellProvenance, *, provenance: ProvenanceDesk) -> Provenance:
    """Who set which variables of a session."""
    return await provenance.of(message)


async def on_reach_other_session(message: ReachOtherSession, *, reaching: Reaching) -> ReachedSession:
    """Code of a background action asks something of another session."""
    return await answer_to_task(message, reaching)


async def on_background_ended(message: BackgroundEnded, *, endings: TaskEndings) -> None:
    """Take in the result of a task."""
    await endings.take_in(message)


async def on_backgrounds_ended(message: BackgroundsEnded, *, endings: TaskEndings) -> None:
    """Take in the results of tasks that have ended together."""
    await endings.take_in_all(message)


async def on_run_action(message: RunAction, *, turns: Turns, timer_troubles: TimerTroubles) -> ActionDone:
    """Run an action that no person waits for."""
    done = done_of((await turns.run(operations.run_action(message))).reply)
    if message.unattended == "timers":
        await timer_troubles.note(message, done)
        if done.status == "missing":
            await turns.forget_timers(SessionId(message.session_id))
    return done


async def on_take_action(message: TakeAction, *, actions: ForeignActions) -> ActionTaken:
    """Another service asks for an action, through the gateway."""
    return await actions.take(message)


async def on_take_action_from_queue(message: TakeAction, *, actions: ForeignActions) -> None:
    """Another service asks for an action, over the broker."""
    await actions.take_from_queue(message)


async def on_delete_inactive(message: DeleteInactive, *, inactive: InactiveSessions) -> DeletedSessions:
    """Delete what nobody comes back to."""
    return await inactive.delete(message)


async def on_run_sweep(message: RunSweep, *, sweeps: Sweeps, envelope: Envelope) -> None:
    """Plan a part of what a fire asks for."""
    await sweeps.go_on(message, envelope)


async def on_visit_sessions(message: VisitSessions, *, sweeps: Sweeps) -> None:
    """Run a cron type on some sessions."""
    await sweeps.visit(message)


async def on_deliver_mail(message: DeliverMail, *, mail_line: MailLine) -> None:
    """An e-mail has come for a session."""
    await mail_line.go_on(SessionId(message.session_id))


async def on_run_cron(message: RunCron, *, sweeps: Sweeps) -> None:
    """Run a cron type on one session: a message of an earlier release."""
    told = message.model_dump(exclude={"session_id"})
    await sweeps.visit(VisitSessions(**told, session_ids=(message.session_id,)))


OF_OTHER_SERVICES: HandlerTable = {TakeAction: on_take_action_from_queue}
"""What waits in `session.actions.0 … 15`."""

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
    SimplifyValue: on_simplify_value,
    NameVariables: on_name_variables,
    WorkOnFile: on_work_on_file,
    ListInterviews: on_list_interviews,
    AdoptSessions: on_adopt_sessions,
    ListSessions: on_list_sessions,
    LeaveSessions: on_leave_sessions,
    ListRuns: on_list_runs,
    DeleteAccount: on_delete_account,
    Oversee: on_oversee,
    TellProvenance: on_tell_provenance,
    ReachOtherSession: on_reach_other_session,
    BackgroundEnded: on_background_ended,
    BackgroundsEnded: on_backgrounds_ended,
    RunAction: on_run_action,
    TakeAction: on_take_action,
    DeleteInactive: on_delete_inactive,
    RunSweep: on_run_sweep,
    RunCron: on_run_cron,
    VisitSessions: on_visit_sessions,
    DeliverMail: on_deliver_mail,
}
