"""The loop around a peer: real files, a real journal, real connections."""
