"""One run: its request, its context, the namespace it evaluates in, the effects it collects, its host."""
