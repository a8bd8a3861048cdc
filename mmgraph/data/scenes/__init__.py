"""The parts of the scenes: what is in one, how it looks and sounds, what is asked, what is true."""
