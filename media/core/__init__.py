"""What the relay decides about packets and routes: plain Python, no sockets, no clock, no third-party code."""
