"""The language engine: synchronous, pure, no I/O (DESIGN §5). Its only door is `api`.

Stages, each importing only those to its right: api > evaluate > screen > library > runtime > compile > source > errors.
"""
