"""Draw ratios to the empty function, one bar for each figure, with a mark at its goal."""

from collections.abc import Iterable
from xml.sax.saxutils import escape

from benchmarks.figures import Figure

WIDTH, BAR, GAP, TOP, LEFT, RIGHT = 860, 14, 10, 50, 330, 60
_COLOURS = {"new": "#1f6feb", "seen": "#2da44e"}


def ratios(figures: Iterable[Figure]) -> str:
    """Return the ratios of CPU and p50 as SVG."""
    shown = [one for one in figures if one.content in _COLOURS and one.of == "ratio" and one.most]
    longest = max(max(one.ratio, one.limit or 0) for one in shown)
    scale = (WIDTH - LEFT - RIGHT) / longest
    bars = "".join(_bar(one, TOP + at * (BAR + GAP), scale) for at, one in enumerate(shown))
    height = TOP + len(shown) * (BAR + GAP) + GAP
    title = "Times the cost of an empty function: content new (blue), seen before (green)"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" '
        f'font-family="sans-serif" font-size="12" role="img">\n'
        f"<title>{title}</title>\n"
        f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>\n'
        f'<text x="{GAP}" y="24" font-size="15">{title}; the line is the goal</text>\n'
        f"{bars}</svg>\n"
    )


def _bar(one: Figure, y: int, scale: float) -> str:
    name = escape(f"{one.order}, {one.unit}")
    width = one.ratio * scale
    text = y + BAR - 3
    goal = LEFT + (one.limit or 0) * scale
    mark = (
        f'<line x1="{goal:.1f}" x2="{goal:.1f}" y1="{y - 3}" y2="{y + BAR + 3}" '
        f'stroke="#cf222e" stroke-width="2"/>\n'
    )
    return (
        f'<text x="{LEFT - 8}" y="{text}" text-anchor="end">{name}</text>\n'
        f'<rect x="{LEFT}" y="{y}" width="{width:.1f}" height="{BAR}" '
        f'fill="{_COLOURS[one.content]}"/>\n'
        f'<text x="{LEFT + width + 6:.1f}" y="{text}">{one.ratio:.1f}</text>\n'
        f"{mark if one.limit else ''}"
    )
