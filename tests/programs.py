"""Stand-ins for programs: shell scripts that tests put first on the path."""


def program(path, text):
    """Write a shell script that can be run; return its path as text."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return str(path)
