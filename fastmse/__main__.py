"""``python -m fastmse`` is the command ``fastmse``."""

from fastmse.cli import main

if __name__ == "__main__":
    main()
