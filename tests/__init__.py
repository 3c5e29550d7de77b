"""The tests of jkeras; a package, so that test files can share helpers."""
