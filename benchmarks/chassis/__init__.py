"""What everything-on costs: against bare FastAPI, and against the usual hand-assembled stack.

Every figure is a ratio from one run, in which the servers take turns: the machine's own speed, and
whatever else it does, cancels out. Nothing here is asserted by a test.
"""
