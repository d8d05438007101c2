"""The deciders of a corpus at work: what each says of its samples, with the gate that the hold-out gives it."""
