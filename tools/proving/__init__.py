"""What make check-gpu runs: steps that prove a machine, and the page that tells of them."""
