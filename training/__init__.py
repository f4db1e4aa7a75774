"""From a labelled set to an artifact, and from a labelled file to metrics. Knows no HTTP."""
