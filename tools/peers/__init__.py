"""Other people's face analysis beside ours: programs that run in environments of their own."""
