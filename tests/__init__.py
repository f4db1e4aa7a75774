"""The tests; a package so that what they share is imported under one name."""
