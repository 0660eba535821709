"""How fast a service from the template starts, with everything embedded, beside bare FastAPI."""
