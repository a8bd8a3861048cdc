"""What comes in: pictures and sounds, read safely from files or taken from memory."""

from mmgraph.media.picture import Picture, load_image
from mmgraph.media.sound import Sound, load_sound

__all__ = ["Picture", "Sound", "load_image", "load_sound"]
