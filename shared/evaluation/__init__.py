"""Evaluation: the pool of interview processes and the pipe to them (DESIGN §6).

port.py        what session and worker use
pool.py        the Evaluator over processes: slots, time limits, replacement, host calls
slots.py       how many interviews may run, and the slots that waiting ones lend
process.py     the server's side of one interview process
launcher.py    the server's side of the template process: start, stop, kill
frames.py      the pipe's format, with size limits; both sides
template.py    the process that forks interview processes; it never runs interview code
child.py       an interview process: runs requests until it is ended
hardening.py   what a process gives up before it runs interview code
landlock.py    the kernel's file sandbox, where there is one
setup.py       what server and template tell each other
programs.py    other programs that work on documents: which there are, and how many at once
office.py      LibreOffice, and instances of it started ahead
kept.py        the server's side of such a program
confined.py    what such a program gives up, and what leaves nothing of it behind
task_pictures.py   tasks as shared.tasks stores them and as the engine sees them

The server's side never unpickles and believes nothing that comes through the pipe.
"""
