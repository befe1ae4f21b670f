"""`make bench`: our relay beside others (bench/relay.py), then what recording adds to a call (bench/recording.py)."""

import sys

from bench import recording, relay

if __name__ == "__main__":
    sys.exit(max(relay.main(), recording.main()))
