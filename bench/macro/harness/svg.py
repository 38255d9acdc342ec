"""Charts as inline SVG, coloured by the page's CSS. Every mark carries its value as a tooltip."""
import math
from html import escape

WIDTH, HEIGHT = 660, 320
LEFT, RIGHT, TOP, BOTTOM = 62, 16, 14, 44


def short(value):
    """1234567 as 1.2 M: for axes and labels."""
    for limit, sign in ((1e9, " G"), (1e6, " M"), (1e3, " k")):
        if abs(value) >= limit:
            return f"{value / limit:.3g}{sign}"
    return f"{value:.3g}"


class Scale:
    def __init__(self, low, high, begin, end, log=False):
        self.log = log
        if log:
            low, high = max(low, 1e-9), max(high, low * 1.01, 1e-9)
        elif high <= low:
            high = low + 1
        self.low, self.high, self.begin, self.end = low, high, begin, end

    def at(self, value):
        if self.log:
            part = math.log(max(value, self.low) / self.low) / math.log(self.high / self.low)
        else:
            part = (value - self.low) / (self.high - self.low)
        return round(self.begin + part * (self.end - self.begin), 1)

    def ticks(self):
        if self.log:
            first, last = math.floor(math.log10(self.low)), math.ceil(math.log10(self.high))
            steps = (1,) if last - first > 3 else (1, 2, 5)
            found = [m * 10.0 ** e for e in range(first, last + 1) for m in steps]
        else:
            raw = (self.high - self.low) / 5
            power = 10 ** math.floor(math.log10(raw))
            step = next(m for m in (1, 2, 2.5, 5, 10) if m * power >= raw) * power
            found = [i * step for i in range(math.floor(self.low / step), math.ceil(self.high / step) + 1)]
        slack = 1e-9 * max(1, abs(self.high))
        return [t for t in found if self.low - slack <= t <= self.high + slack]


def _open(width, height, title):
    return [f'<svg viewBox="0 0 {width} {height}" role="img" aria-label="{escape(title)}">']


def _frame(x, y, x_name, y_name, x_labels=None):
    parts = []
    for tick in y.ticks():
        at = y.at(tick)
        parts.append(f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{at}" y2="{at}"/>'
                     f'<text class="tick" text-anchor="end" x="{LEFT - 6}" y="{at + 4}">{short(tick)}</text>')
    for value, label in x_labels or [(t, short(t)) for t in x.ticks()]:
        at = x.at(value)
        parts.append(f'<line class="grid faint" x1="{at}" x2="{at}" y1="{TOP}" y2="{HEIGHT - BOTTOM}"/>'
                     f'<text class="tick" text-anchor="middle" x="{at}" y="{HEIGHT - BOTTOM + 16}">{escape(label)}</text>')
    parts.append(f'<text class="name" text-anchor="middle" x="{(LEFT + WIDTH - RIGHT) / 2}" y="{HEIGHT - 8}">{escape(x_name)}</text>')
    middle = (TOP + HEIGHT - BOTTOM) / 2
    parts.append(f'<text class="name" text-anchor="middle" transform="translate(13 {middle}) rotate(-90)">{escape(y_name)}</text>')
    return parts


def lines(series, x_name, y_name, x_log=False, y_log=False, x_labels=None, dots=False, y_zero=True):
    """series: [(name, [(x, y), ...])]. A legend is drawn above it, in HTML."""
    points = [p for _, line in series for p in line]
    if not points:
        return "<p>not measured</p>"
    xs, ys = [p[0] for p in points], [p[1] for p in points]
    x = Scale(min(xs), max(xs), LEFT, WIDTH - RIGHT, x_log)
    low = min(ys) * 0.8 if y_log or not y_zero else 0
    y = Scale(low, max(ys) * (1.25 if y_log else 1.06), HEIGHT - BOTTOM, TOP, y_log)
    if x_labels:
        x_labels = [(v, l) for v, l in x_labels if x.low <= v <= x.high * 1.001]
    parts = _open(WIDTH, HEIGHT, f"{y_name} by {x_name}") + _frame(x, y, x_name, y_name, x_labels)
    for number, (name, line) in enumerate(series):
        path = " ".join(f"{x.at(a)},{y.at(b)}" for a, b in line)
        parts.append(f'<polyline class="line s{number % 8}" points="{path}"><title>{escape(name)}</title></polyline>')
        if dots or len(line) == 1:
            for a, b in line:
                parts.append(f'<circle class="dot s{number % 8}" cx="{x.at(a)}" cy="{y.at(b)}" r="4">'
                             f'<title>{escape(name)}: {short(b)} at {short(a)}</title></circle>')
    return legend([name for name, _ in series]) + "".join(parts) + "</svg>"


def bars(rows, unit, marks=()):
    """rows: [(name, value, label, emphasised)]; marks: [(value, name)] as upright lines."""
    if not rows:
        return "<p>not measured</p>"
    left, row_height, right = 210, 28, 130
    top = 22 if marks else 6
    height = top + len(rows) * row_height + 26
    x = Scale(0, max([v for _, v, _, _ in rows] + [v for v, _ in marks]) * 1.02, left, WIDTH - right)
    parts = _open(WIDTH, height, unit)
    for tick in x.ticks():
        parts.append(f'<line class="grid" x1="{x.at(tick)}" x2="{x.at(tick)}" y1="{top}" y2="{height - 24}"/>'
                     f'<text class="tick" text-anchor="middle" x="{x.at(tick)}" y="{height - 9}">{short(tick)}</text>')
    for number, (name, value, label, strong) in enumerate(rows):
        y = top + number * row_height
        parts.append(f'<text class="label" text-anchor="end" x="{left - 8}" y="{y + 18}">{escape(name)}</text>'
                     f'<rect class="bar {"strong" if strong else ""}" x="{left}" y="{y + 4}" rx="3" height="{row_height - 8}" '
                     f'width="{max(x.at(value) - left, 1.5):.1f}"><title>{escape(name)}: {escape(label)} {escape(unit)}</title></rect>'
                     f'<text class="label" x="{max(x.at(value), left) + 6}" y="{y + 18}">{escape(label)}</text>')
    for value, name in marks:
        parts.append(f'<line class="mark" x1="{x.at(value)}" x2="{x.at(value)}" y1="{top - 2}" y2="{height - 24}"/>'
                     f'<text class="tick" text-anchor="middle" x="{x.at(value)}" y="{top - 7}">{escape(name)}</text>')
    return "".join(parts) + "</svg>"


def legend(names):
    if len(names) < 2:
        return ""
    return '<p class="legend">' + "".join(f'<span><i class="s{n % 8}"></i>{escape(name)}</span>' for n, name in enumerate(names)) + "</p>"
