"""Replays numbers recorded from the real Keras 1.2.2: golden/README.md says what they are."""
