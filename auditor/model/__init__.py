"""The vocabulary every other part speaks: spans, packets, filters, the rule graph, findings. Frozen, standard library only, no I/O."""
