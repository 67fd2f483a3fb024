"""What make bench times: training, data, the full network, engines, pictures."""
