"""Classes of hostile input; each module has `CLASS`, a `FuzzClass` of tools.fuzzing.case."""
