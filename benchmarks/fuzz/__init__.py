"""
Bytes that nobody meant: is every decoder either right about them, or does it refuse?

``python -m benchmarks.fuzz`` runs it by hand, :func:`benchmarks.fuzz.runner.run` from a program.
"""
