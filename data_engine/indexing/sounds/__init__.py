"""Reading sounds: clips that files are cut into, and sounds that rows and archives hold."""
