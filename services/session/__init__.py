"""The session service: owns sessions, and is the only writer of their answers.

Duty: every operation on a session (open, submit, back, action, check-in, variables, end, response action) as one turn:
lock, load, evaluate, commit, release.
Consumes: OpenSession, SubmitAnswers, GoBack, PerformAction, CheckIn, EndSession, ReadVariables, WriteVariables,
OpenFile and ListInterviews (`session.interactive`); BackgroundEnded (`session.ended`); RunAction, RunSweep and
DeliverMail (`session.bulk`).
Publishes: SessionChanged; through the outbox RunTask, RunTaskLow, ScheduleAction, CancelTimer and TaskRevoked.
Owns: the schema `session` (sessions, steps, wraps, inbox, endings, notices, registrations) and the locks in Redis.
"""
