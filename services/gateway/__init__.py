"""The only HTTP: pages, JSON, WebSocket, browsers' visits. Asks the session service and shows what it says.

Duty       turn a browser's requests into commands, and screens into pages; seal uploads while they arrive,
           and give files out
Consumes   SessionChanged (live, one exclusive queue per process)
Asks       OpenSession, SubmitAnswers, GoBack, PerformAction, CheckIn, EndSession, ReadVariables, ListInterviews,
           OpenFile
Publishes  nothing
Owns       schema `gateway`: browser sessions and which session a browser is in
Knows no answers: it imports neither the engine nor evaluation.
"""
