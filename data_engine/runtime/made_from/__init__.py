"""What the tables of a corpus were made from: the encoder of their vectors, the settings that were used."""
