"""The foundation model of a corpus at work: whom of its samples it is asked about, and what came of it."""
