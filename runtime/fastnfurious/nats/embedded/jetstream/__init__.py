"""JetStream in the embedded server: streams and consumers that are kept in memory."""
