"""What interview code opens itself, in its own process and with credentials of its own: other servers, authors' Redis.

The one part of the engine that does I/O. Connections are made when they are used, by addresses that the run was given;
they reach nothing of this server's.
"""
