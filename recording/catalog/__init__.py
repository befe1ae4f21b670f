"""The archive's tables and everything that is asked of them: the one place of `recording` that speaks SQL."""
