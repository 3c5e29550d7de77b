"""Data on their way to a model: images, sequences, texts."""
