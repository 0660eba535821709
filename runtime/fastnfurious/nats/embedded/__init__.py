"""The stand-in: a NATS server in the process, which speaks the real protocol on the loopback."""
