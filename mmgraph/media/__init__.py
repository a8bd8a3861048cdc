"""What comes in: pictures and sounds, read safely from files or taken from memory."""
