"""Which passages a passage names: links and macros, as each story format reads them."""
