"""What `allinone analyze` is made of: inputs, given boxes, results, the run itself."""
