"""Programs to read and to start from: each is run as `python -m examples.<name>`."""
