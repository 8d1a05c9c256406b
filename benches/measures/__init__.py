"""The parts of `benches/politeness`: the origin that is asked, the runs of flagdl, and a module for each criterion."""
