"""The scheduler service: keeps time, and knows no answers.

Duty: claim each due fire of a cron type and each due timer once, and tell the session service.
Consumes: nothing yet; ScheduleAction and CancelTimer (`scheduler.timers`) come with timers.
Publishes: nothing yet; RunSweep and RunAction come with cron types and timers.
Owns: the schema `scheduler` (timers).
"""
