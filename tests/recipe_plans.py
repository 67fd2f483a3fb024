"""What tests of recipes share."""


def shown(command, *arguments):
    """Return the commands that a recipe would run, and the steps' names."""
    done = command(*arguments, "--dry-run")
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    commands = [line.strip() for line in lines if line.startswith("  python -m ")]
    return commands, [line.split(":")[0] for line in lines if not line.startswith(" ")]
