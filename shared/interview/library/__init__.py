"""What interview authors call: classes of things, functions on variables, texts, links, tasks (spec/area4 §6, §7).

Every name authors see stands in the table of `exports`; `import_hook` makes them importable as `docassemble.base.util`
and kin. Library code reaches its run through `runtime.run.current_run()`, changes the run's answers and effects, and
raises signals to steer; it never reaches outside but through the run's host.
"""
