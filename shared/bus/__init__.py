"""The bus: sending, asking, and working through queues, with what makes it safe around it (DESIGN §4).

`port.py` says what a bus is; `rabbit.py` and `local.py` are the two that exist, and tests/contract/bus is the suite
both pass. `outbox.py` publishes what a transaction committed, `inbox.py` remembers what was handled, `dispatch.py`
turns a service's table of handlers into consumers, `dead_letters.py` keeps what could not be handled.
"""
