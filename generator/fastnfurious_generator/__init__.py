"""The generator: the `fastnfurious` command, which renders new services."""
