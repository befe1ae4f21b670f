"""`python -m signaling`."""

from signaling.cli import main

if __name__ == "__main__":
    raise SystemExit(main())
