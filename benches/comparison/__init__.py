"""The parts of `benches/compare`: who takes part, one measured run, and the table."""
