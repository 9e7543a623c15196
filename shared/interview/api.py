"""The door of the engine: compile interviews and run them. Everything else in this package is private to it.

engine = Engine(InterviewPath.of(folders))
result, blobs = engine.run(request, blobs, host)
"""
