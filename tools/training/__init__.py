"""Training in Caffe: plan, solver, processes, loop, log, validation and curves of a run."""
