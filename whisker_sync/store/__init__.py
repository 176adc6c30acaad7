"""What is kept on disk: the journal, its writer, and where things lie."""
