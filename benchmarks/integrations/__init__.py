"""What the integrations cost: beside the libraries underneath them, and beside their peers.

The contestants take turns in one process and on one server, so that the machine's own speed, and
whatever else it does, cancels out of the ratios. Nothing here is asserted by a test.
"""
