"""What every other part stands on: errors, settings, integrations, lifespan, health, context, time.

Nothing here imports another part of the product, a web framework or a driver.
"""
