"""The data engine: raw text and images in, a small, balanced, labelled, checked training set out."""
