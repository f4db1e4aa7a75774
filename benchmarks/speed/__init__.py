"""Speed and memory beside peers: ``make bench``, or ``python -m benchmarks.speed``.

One subject a file, each with a function ``measure`` that returns rows and ratios:

``scoring.py``
    Sentences in batches and one by one: ours, scikit-learn, fastText and others; two threads.
``ladder.py``
    How near the kernel comes to passes that do less: copying, decoding, hashing.
``http.py``
    Requests a second beside an echo endpoint and scikit-learn in the handler.
``start.py``
    Time until ready, and memory of the first and each further worker.
``growth.py``
    Time with the length of a sentence, the number of terms, of labels and of rows.
``training.py``
    A training run beside the same steps in plain scikit-learn.
``files.py``
    ``stance score`` on parquet: one core, two, memory.

``goals.py`` lists what is expected. Systems that are compared run in the same process or one after
the other, taking turns, and CPU time counts where it can: another program on the machine then
disturbs all alike.
"""
