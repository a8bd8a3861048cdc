import pytest
import torch

from mmgraph.errors import InputError
from mmgraph.media.subtitles import read_subtitles

SRT = """\ufeff1
00:00:01,000 --> 00:00:02,500
Hello, <i>you</i>!
- Me?

2
01:00:03,250 --> 01:00:04,000 X1:10 X2:20
Grüße 😀

3
00:00:05,000 --> 00:00:06,000

"""

VTT = """WEBVTT - a title

NOTE a comment

intro
00:01.000 --> 00:02.500 align:start
<v Ann>Hello, <c.loud>you</c>!
- Me?

01:00:03.250 --> 01:00:04.000
Grüße 😀

00:05.000 --> 00:06.000
"""


@pytest.mark.parametrize(
    ("text", "name"), [(SRT, "a.srt"), (SRT.replace("\n", "\r\n"), "b.srt"), (VTT, "a.vtt")]
)
def test_both_formats_give_times_and_lines(tmp_path, text, name):
    (tmp_path / name).write_bytes(text.encode())
    intervals, labels = read_subtitles(tmp_path / name)
    expected = [[1, 2.5], [3603.25, 3604], [5, 6]]
    assert torch.equal(intervals, torch.tensor(expected, dtype=torch.float64))
    assert labels == ("Hello, you! - Me?", "Grüße 😀", "")


def test_short_clocks_are_read_too(tmp_path):
    (tmp_path / "a.vtt").write_text("WEBVTT\n\n1:2:3.5 --> 1:2:4.25\nx")
    assert read_subtitles(tmp_path / "a.vtt")[0].tolist() == [[3723.5, 3724.25]]


def test_an_empty_file_has_no_lines(tmp_path):
    (tmp_path / "a.srt").write_text("\n")
    intervals, labels = read_subtitles(tmp_path / "a.srt")
    assert intervals.shape == (0, 2)
    assert labels == ()


def test_bad_files_are_named(tmp_path):
    file = tmp_path / "a.srt"
    with pytest.raises(InputError, match=r"there is no subtitle file .*a\.srt"):
        read_subtitles(file)
    file.write_bytes(b"00:00:01,000 --> 00:00:02,500\n\xff\xfe")
    with pytest.raises(InputError, match=r"a\.srt: cannot be read as UTF-8"):
        read_subtitles(file)
    file.write_text("one\ntwo")
    with pytest.raises(InputError, match="no line is of the form"):
        read_subtitles(file)
    file.write_text("\n00:00:03,000 --> 00:00:02,500\nx")
    with pytest.raises(InputError, match=r"a\.srt, line 2: .* ends before it starts"):
        read_subtitles(file)
    file.write_text("00:00:02,500 --> 00:00:02,500\nx")
    with pytest.raises(InputError, match="ends before it starts"):
        read_subtitles(file)
    file.write_bytes(b" " * (2**24 + 1))
    with pytest.raises(InputError, match="over 16 MB"):
        read_subtitles(file)
