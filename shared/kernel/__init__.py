"""Ids, clock, settings, errors, logging, health and the life cycle of a service. Imports nothing of ours."""
