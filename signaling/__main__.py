"""`python -m signaling`."""

import faulthandler

from signaling.cli import main

if __name__ == "__main__":
    faulthandler.enable()  # the stacks of a crash in a library go to the log
    raise SystemExit(main())
