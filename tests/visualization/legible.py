"""What holds for every figure: no small text, none outside, none over another."""

from itertools import combinations

from matplotlib.text import Text


def texts(figure):
    """What is written in a figure."""
    return [text.get_text() for text in figure.findobj(Text) if text.get_text()]


def check_legible(figure):
    figure.canvas.draw()
    inside = figure.bbox.padded(1)
    boxes = []
    for text in figure.findobj(Text):
        if not (text.get_text().strip() and text.get_visible()):
            continue
        assert text.get_fontsize() >= 7, text
        box = text.get_window_extent()
        assert inside.x0 <= box.x0 <= box.x1 <= inside.x1, text
        assert inside.y0 <= box.y0 <= box.y1 <= inside.y1, text
        boxes.append((text, box))
    for (first, a), (second, b) in combinations(boxes, 2):
        across = min(a.x1, b.x1) - max(a.x0, b.x0)
        along = min(a.y1, b.y1) - max(a.y0, b.y0)
        # The box of a text has some empty room above and below its letters.
        assert across < 1 or along < 3, f"{first} is over {second}"
