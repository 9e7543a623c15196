"""The worker service: runs background actions on snapshots of sessions. Any number of them share the queues.

Duty: take a task under a lease, run its first phase in an interview process, record how it ended, tell the session.
It never writes answers: response and error actions are turns of the session service.
Consumes: RunTask (`worker.tasks`), RunTaskLow (`worker.tasks.low`); the event TaskRevoked.
Publishes: BackgroundEnded, BackgroundsEnded, RunTask and RunTaskLow through the outbox; announces TaskProgressed.
Owns: nothing; task rows belong to shared.tasks.
"""
