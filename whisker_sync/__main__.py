"""``python -m whisker_sync`` is ``whisker``."""

from whisker_sync.cli.main import main

if __name__ == "__main__":
    main()
