"""What comes in: pictures, sounds, videos and recordings, read safely from files or taken from memory."""

from mmgraph.media.picture import Picture, load_image
from mmgraph.media.series import TimeSeries
from mmgraph.media.sound import Sound, load_sound
from mmgraph.media.subtitles import read_subtitles
from mmgraph.media.video import Video

__all__ = ["Picture", "Sound", "TimeSeries", "Video", "load_image", "load_sound", "read_subtitles"]
