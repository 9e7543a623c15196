"""What interview code keeps outside its answers: DAStore, DAGlobal, records, snapshots (`jsonstorage`), stash.

Owns the PostgreSQL schema `stores`. Writes made during a turn are buffered by the parent and commit with the turn.
"""
