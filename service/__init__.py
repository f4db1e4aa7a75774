"""From a text to labelled sentences: library, HTTP service and batch command on one classifier.

Reads the artifact; never imports ``training`` or scikit-learn, never unpickles.
"""
