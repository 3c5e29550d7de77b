"""Data sets that examples use; they are read from files that you have."""
