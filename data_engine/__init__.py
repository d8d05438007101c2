"""The data engine: raw text and pictures in, a small, balanced, labelled, checked training set out."""
