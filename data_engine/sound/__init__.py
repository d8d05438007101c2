"""Sound: from files that nobody has vouched for to clips, and what is computed of a clip.

Everything that opens a sound goes through here, so that limits, rounding and rates are the same everywhere.
"""
