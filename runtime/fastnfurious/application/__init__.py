"""The application: FastAPI with everything that a service in production needs, switched on."""
