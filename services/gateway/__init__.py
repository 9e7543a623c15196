"""The only HTTP: pages, JSON, WebSocket, browsers' visits. Asks the session service and shows what it says.

Duty       turn a browser's requests into commands, and screens into pages; seal uploads while they arrive,
           and give files out
Consumes   SessionChanged, TaskProgressed, ActionFinished (live, one exclusive queue per process)
Asks       OpenSession, SubmitAnswers, GoBack, PerformAction, CheckIn, EndSession, ReadVariables, WriteVariables,
           ListInterviews, ListSessions, LeaveSessions, OpenFile, TakeAction, Oversee, TellProvenance, ListRuns;
           ListFires, ListTimers (scheduler)
Publishes  nothing
Owns       schema `gateway`: browser sessions, which session a browser is in, answers to API calls that may come again
Knows no answers: it imports neither the engine nor evaluation.
"""
