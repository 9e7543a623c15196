"""The session service: owns sessions, and is the only writer of their answers.

Duty: every operation on a session (open, submit, back, action, check-in, variables, end, response action) as one turn:
lock, load, evaluate, commit, release.
Consumes: OpenSession, SubmitAnswers, GoBack, PerformAction, CheckIn, EndSession, ReadVariables, WriteVariables,
OpenFile, SimplifyValue, NameVariables, WorkOnFile, DeleteAccount, ListInterviews and TellProvenance
(`session.interactive`); BackgroundEnded, BackgroundsEnded (`session.ended`); RunAction, RunSweep, RunCron and
DeliverMail (`session.bulk`); TakeAction (`session.interactive`, and `session.actions.0 … 15` for what other services
publish).
Publishes: SessionChanged; through the outbox ActionFinished, RunTask, RunTaskLow, ScheduleAction, CancelTimer and
TaskRevoked.
Owns: the schema `session` (sessions, steps, wraps, inbox, endings, notices, cron_runs, publishers,
actions, changes, looks) and the locks in Redis.
"""
