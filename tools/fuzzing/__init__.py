"""What `python -m tools.fuzz` is made of: healthy files, damage, commands in children, verdicts."""
