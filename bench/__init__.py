"""Measurements: each prints one table, writes its figures to bench/results and draws its chart. Never part of a test."""
