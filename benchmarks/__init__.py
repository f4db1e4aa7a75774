"""Speed and quality beside peers, and endurance; run by hand and by ``make``.

What the measurements of servers share is here:

``processes.py``
    Starts a program under test on a core, waits until it answers, reads its CPU time and memory.
``servers.py``
    The servers that ours is compared with.
``client.py``
    Sends them requests on many connections and tells how many were answered, and how fast.

``speed/`` (``make bench``) compares time and memory with peers, ``load.py`` (``make load``) the
requests a second with an endpoint that only echoes, ``soak.py`` (``make soak``) lasts.
``quality.py`` and ``label_sets.py`` measure the model, ``figures.py`` writes what documents say.
"""
