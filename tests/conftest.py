"""What every test may ask for: the real services of services.py; and how long the search for a counterexample may take."""

import os

from hypothesis import HealthCheck, settings

pytest_plugins = ["tests.services"]

# Two cores that also run browsers say nothing about the time of one example. A CI machine tries the same examples each time, so
# that a red run is about the change; everywhere else they are new each time.
settings.register_profile(
    "consilium", deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize="CI" in os.environ, print_blob=True
)
settings.load_profile("consilium")
