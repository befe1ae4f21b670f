"""A bad network in user space, so that it is the same on every kernel: a seeded link, a UDP proxy around it, its report."""
