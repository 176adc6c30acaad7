"""The background process of a workspace, and talking to it."""
