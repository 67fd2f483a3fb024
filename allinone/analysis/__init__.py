"""What `python -m tools.analyze` is made of: inputs, given boxes, results, the run itself."""
