"""The benchmarks, a module each; evaluate.benchmark says what one is, and finds them."""
