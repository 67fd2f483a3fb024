"""Commands killed at random moments, run again, and compared with ones that were not."""
