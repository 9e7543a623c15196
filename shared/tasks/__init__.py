"""Tasks: background actions as rows, from the turn that launches one to the turn that takes its result in (DESIGN §3).

records.py    what a task is: states, pictures, outcomes
sealing.py    what of a row is sealed, with which key; the grant
store.py      the session's side: launch, look, finish, revoke, forget
leases.py     the worker's side: claim, begin, renew, report; and what becomes of tasks nobody looks after
snapshot.py   the read-only look at a session that a task runs on
schema.py     where the tables are described

A row goes pending → running → responding → succeeded or failed; revoked ends it from everywhere. While it is
`responding` its first phase has ended and the session has yet to take the result in: to everybody else it still runs.
Everything an interview has put into a task is sealed under its session's data key. The grant, that key wrapped under
the server key for this one task, is deleted in the statement that ends the task.
"""
