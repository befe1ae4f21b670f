"""The packet loop: sockets in, sockets out. It obeys routes and decides nothing."""
