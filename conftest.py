"""What every test of this repository runs with."""

from __future__ import annotations

from hypothesis import settings

# A deadline would be a test of the machine.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")

# The plugin is blocked as an entry point (pyproject.toml) and loaded here, after the measurement
# of coverage has begun; otherwise its own lines would count as never run.
pytest_plugins = ["fastnfurious.testing.plugin", "servers.plugin", "pytester"]
