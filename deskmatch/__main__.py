"""``python -m deskmatch`` is the command line."""

from deskmatch.cli import main

if __name__ == "__main__":
    main()
