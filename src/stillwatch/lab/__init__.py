"""The lab: made-up traffic with known truth, attackers who adapt, and the benchmark."""
