"""
Write one interactive story together.

Folders of ordinary files, edited in any editor on several machines, that find
each other on the local network and merge by themselves; and the engine under
it, for any program's own documents.
"""
