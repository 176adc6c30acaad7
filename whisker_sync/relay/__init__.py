"""The blind mailbox server and what it keeps mailboxes in; knows nothing of what is in them."""
