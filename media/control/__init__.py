"""The control channel between signaling and media workers: one codec, several carriers."""
