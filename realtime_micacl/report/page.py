"""The page of one session."""

from __future__ import annotations

from html import escape

from realtime_micacl.palette import COLOURS
from realtime_micacl.report.figures import Figures, figures_of, seconds_in
from realtime_micacl.report.html import clock, figures, origin, section, sheet
from realtime_micacl.report.ribbon import Span, latency, quality, ribbon
from realtime_micacl.report.session import Face, Session
from realtime_micacl.types import State
from realtime_micacl.wording import counted

MOST_FACES = 24
STATES = {
    State.LIVE: "var(--green)",
    State.STALLED: "var(--amber)",
    State.RECONNECTING: "var(--amber)",
    State.FAILED: "var(--red)",
}
STEPS_S = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 43200, 86400, 172800, 604800, 2592000)
TICKS = 8


def page(session: Session) -> str:
    """Return the whole page."""
    faces = [face for face in session.faces.values() if len(face.times_s)]
    span = session.start_s, session.end_s if session.end_s > session.start_s else session.start_s + 1
    shown = sorted(
        sorted(faces, key=lambda face: -len(face.times_s))[:MOST_FACES], key=lambda face: (face.source, face.track)
    )
    parts = [_overall(session, faces)]
    parts += [_face(session, face, span) for face in shown]
    if len(faces) > len(shown):
        parts.append(f'<p class="note">Left out: {counted(len(faces) - len(shown), "face")} seen more briefly.</p>')
    if not faces:
        ends = [changes[-1][2] for changes in session.states.values() if changes[-1][2]]
        parts.append(
            section("No face was read", f'<p class="note">{escape("; ".join(ends) or "Nobody was seen.")}</p>')
        )
    parts.append(_states(session, span))
    if any(figures_of([face]).latency_s for face in faces):
        parts.append(_latency(faces, span))
    return sheet(session.name, _below(session), [*parts, origin(session.origin)])


def _below(session: Session) -> str:
    recorded = session.origin
    sources = ", ".join(recorded.get("sources", ()))
    parts = [sources, recorded.get("started_utc", "").replace("T", " ").replace("Z", " UTC")]
    return "  \u00b7  ".join([part for part in parts if part] + [clock(session.end_s - session.start_s)])


def _overall(session: Session, faces: list[Face]) -> str:
    rows = [("length", *_split(clock(session.end_s - session.start_s))), ("faces", str(len(faces)), "")]
    if faces:
        all_of = figures_of(faces)
        rows += [
            ("readings", f"{all_of.readings:,}", ""),
            ("unsure", f"{100 * all_of.words['unsure']:.0f}", "%"),
            ("changes of word", f"{all_of.flips_per_min:.1f}", "a minute"),
            ("quality", f"{all_of.quality:.2f}", "of 1"),
            ("readings missing", f"{100 * all_of.missed:.1f}", "%"),
        ]
        if all_of.latency_s:
            rows.append(("latency, p50 / p95", " / ".join(f"{1e3 * s:.0f}" for s in all_of.latency_s), "ms"))
    spent = seconds_in(session)
    total_s = sum(spent.values()) or 1
    rows.append(("no face", f"{100 * spent.get(State.NO_FACE, 0.0) / total_s:.0f}", "%"))
    if session.marks:
        rows.append(("markers", str(len(session.marks)), ""))
    return figures(rows)


def _split(text: str) -> tuple[str, str]:
    value, _, unit = text.partition(" ")
    return value, unit


def _face(session: Session, face: Face, span: Span) -> str:
    found = figures_of([face])
    word = max(found.words, key=lambda name: found.words[name])
    name = f"face {face.track}" + (f" in {face.source}" if face.source else "")
    readings = f"{found.readings:,} reading{'s' * (found.readings != 1)} in {clock(found.seen_s)}"
    small = f"{readings}, {found.flips_per_min:.1f} changes of word a minute, quality {found.quality:.2f}, mostly"
    head = f"<header><h2>{escape(name)}<small>{escape(small)}</small></h2>"
    head += f"<b>{escape(word)}</b><em>{100 * found.words[word]:.0f} %</em></header>"
    marks = [mark for mark in session.marks if mark.source == face.source]
    lines = "".join(
        f'<span class="mark" style="left:{_place(mark.time_s, span):.3f}%"><b>{mark.number}</b></span>'
        for mark in marks
    )
    alt = escape(f"shares of {name} over time")
    drawn = (
        f'<div class="track"><div class="ribbon"><img alt="{alt}" src="{ribbon(face, span)}"></div>{lines}</div>'
        f'<div class="quality"><img alt="quality over time" src="{quality(face, span)}"></div>{_axis(span)}'
        '<p class="note">on the left, mean shares; above, the shares over time; below, how usable the face was</p>'
    )
    return f'<section class="face">{head}{_bars(found, word)}<div>{drawn}</div></section>\n'


def _bars(found: Figures, lead: str) -> str:
    """Return bars with the mean shares of a face, and the share of unsure readings."""
    classes = {True: "lead", False: "other"}
    rows = [(name, share, COLOURS[name]) for name, share in found.means.items()]
    rows.append(("unsure", found.words["unsure"], "var(--grey)"))
    cells = (
        f'<li class="{classes[name == lead]}"><i style="background:{colour}"></i><span>{name}</span>'
        f'<u><i style="width:{100 * share:.1f}%;background:{colour}"></i></u><b>{100 * share:.0f} %</b></li>'
        for name, share, colour in rows
    )
    return f"<ol>{''.join(cells)}</ol>"


def _states(session: Session, span: Span) -> str:
    """Return the states of each source over time, and a table of faults and markers."""
    parts = []
    for source, changes in session.states.items():
        ends = [time_s for time_s, *_ in changes[1:]] + [span[1]]
        cells = ""
        for (time_s, state, _), end_s in zip(changes, ends, strict=True):
            wide = _place(end_s, span) - _place(time_s, span)
            cells += f'<i style="width:{wide:.3f}%;background:{STATES.get(state, "transparent")}" title="{state}"></i>'
        name = f"<figcaption>{escape(source)}</figcaption>" if source else ""
        parts.append(f'<figure>{name}<div class="states">{cells}</div></figure>')
    spent = sorted(seconds_in(session).items(), key=lambda item: -item[1])
    keys = "".join(
        f'<span><i style="background:{STATES.get(state, "var(--plate)")}"></i>{state} {clock(seconds)}</span>'
        for state, seconds in spent
        if seconds > 0
    )
    parts.append(f'{_axis(span)}<p class="key">{keys}</p>')
    noted = [
        (time_s, f"{state}: {detail}" if detail else str(state))
        for changes in session.states.values()
        for time_s, state, detail in changes
        if state in (State.STALLED, State.RECONNECTING, State.FAILED)
    ]
    noted += [(mark.time_s, f"marker {mark.number}") for mark in session.marks]
    rows = "".join(
        f'<tr><td class="n">{time_s:.2f} s</td><td>{escape(text)}</td></tr>' for time_s, text in sorted(noted)[:200]
    )
    if rows:
        parts.append(f'<table class="events"><tr><th class="n">time</th><th>what</th></tr>{rows}</table>')
    return section("The source over time", *parts)


def _latency(faces: list[Face], span: Span) -> str:
    points = latency([face for face in faces], span)
    most_s = max(high for *_, high in points) * 1.1 or 1
    lines = ""
    for number, (colour, name) in enumerate((("var(--soft)", "median"), ("var(--amber)", "95th percentile"))):
        path = "M" + "L".join(f"{1000 * p[0]:.1f} {100 * (1 - p[1 + number] / most_s):.2f}" for p in points)
        lines += f'<path d="{path}" stroke="{colour}"><title>{name}</title></path>'
    chart = f'<svg class="chart" viewBox="0 0 1000 100" preserveAspectRatio="none">{lines}</svg>{_axis(span)}'
    key = '<p class="key"><span><i style="background:var(--soft)"></i>median</span>'
    key += '<span><i style="background:var(--amber)"></i>95th percentile</span></p>'
    return section("Latency", chart, key, note=f"from the picture to the reading; the top is {1e3 * most_s:.0f} ms")


def _place(time_s: float, span: Span) -> float:
    """Return the place of a time on the axis, in percent."""
    return 100 * (time_s - span[0]) / (span[1] - span[0])


def _axis(span: Span) -> str:
    """Return the time axis."""
    length_s = span[1] - span[0]
    step_s = next((step for step in STEPS_S if length_s / step <= TICKS), STEPS_S[-1])
    ticks = [span[0] + number * step_s for number in range(int(length_s / step_s) + 1)]
    ends = {True: "last", False: "tick"}
    cells = "".join(
        f'<span class="{ends[_place(tick, span) > 97]}" style="left:{_place(tick, span):.3f}%">'
        f"{_tick(tick - span[0], step_s)}</span>"
        for tick in ticks
    )
    return f'<div class="axis">{cells}</div>'


def _tick(seconds: float, step_s: float) -> str:
    whole = round(seconds)
    if step_s < 60 and whole < 60:
        return f"{whole} s"
    hours, minutes = divmod(whole // 60, 60)
    return f"{hours}:{minutes:02d}:{whole % 60:02d}" if hours else f"{minutes}:{whole % 60:02d}"
