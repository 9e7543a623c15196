"""The five services, the command line, and the form that runs all five in one process."""
