"""The scheduler service: keeps time, and knows no answers.

Duty: claim each due fire of a cron type and each due timer once, and tell the session service.
Consumes: ScheduleAction, CancelTimer, CancelTimers, FireNow, ListFires and ListTimers (`scheduler.timers`).
Publishes: RunSweep and RunAction.
Owns: the schema `scheduler` (timetable, fires, timers).
"""
