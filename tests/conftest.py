"""What every test may ask for: the real services of services.py."""

pytest_plugins = ["tests.services"]
