"""`python -m mmgraph` is `mmgraph`."""

from mmgraph.cli import main

if __name__ == "__main__":
    main()
