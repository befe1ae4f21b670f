"""Pictures: what they claim to be is read by hand, what they are is found out in processes that may die of it."""
