"""One module a library: each has ``Peer(workload)`` with `epoch`, `predict`, and what `benchmarks.worker` asks for."""
