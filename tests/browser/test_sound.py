"""The sound plays, whole or one segment."""

from tests.browser.use import selector

PLAYING = "!document.querySelector('audio').paused"
TIME = "document.querySelector('audio').currentTime"


def test_the_play_button_plays_and_pauses(open_page):
    page = open_page("full")
    page.click("#play")
    page.until(f"{TIME} > 0.05")
    page.click("#play")
    page.until(f"!({PLAYING})")
    assert page.complaints() == []


def test_a_segment_that_is_locked_plays_from_its_start_to_its_end(open_page):
    page = open_page("full")
    page.evaluate(
        """(() => {
            const audio = document.querySelector("audio");
            window.__times = [];
            setInterval(() => { if (!audio.paused) window.__times.push(audio.currentTime); }, 5);
        })()"""
    )
    page.click(f"#sound {selector('segment', 2)}")
    page.until("window.__times.length > 0")
    page.until(f"!({PLAYING})")
    times = page.evaluate("window.__times")
    assert 0.95 <= times[0] <= 1.2
    assert 1.3 <= max(times) <= 1.75
    assert page.evaluate(TIME) < 2.0


def test_the_sound_lasts_as_long_as_the_explanation_says(open_page):
    page = open_page("full")
    page.until("document.querySelector('audio').readyState >= 1")
    assert abs(page.evaluate("document.querySelector('audio').duration") - 3.0) < 0.01
