"""Reports results as text, as JSON, and as a folder with tables and plots."""

from __future__ import annotations

import csv
import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from realtime_micacl.errors import ConfigError
from realtime_micacl.making.evaluation.predictions import Read
from realtime_micacl.making.evaluation.results import Comparisons, Result
from realtime_micacl.making.figures import About, Comparison, Interval
from realtime_micacl.types import EMOTIONS
from realtime_micacl.wording import counted, why

FEW = 10  # people; intervals over fewer are too narrow
FOLDS = ["fold", "engine", "clips", "WAR", "UAR", "people in both parts"]


def figures(results: Sequence[Result], comparisons: Comparisons) -> dict[str, object]:
    """Return everything as plain values, by title."""
    return {**{title: result.plain() for title, result in titled(results).items()}, **comparisons}


def titled(results: Sequence[Result]) -> dict[str, Result]:
    """Return the results by title; a title names the engine if there are several."""
    several = len({result.candidate for result in results}) > 1
    return {f"{r.candidate} on {r.where}" if several else r.where: r for r in results}


def as_text(name: str, result: Result) -> str:
    """Return the scores on one data set as lines of text."""
    scores = result.scores
    people = f"of {counted(scores['people'], 'person', 'people')}" if scores["people"] else "(people unknown)"
    lines = [
        f"{name}: n {scores['n']} {people}, WAR {scores['war']:.3f} {_interval(scores['war_95'])}, "
        f"UAR {scores['uar']:.3f} {_interval(scores['uar_95'])}, ECE {scores['ece']:.3f}",
        *("  " + "  ".join(row) for row in _folds(result)),
        *(f"  {line}" for line in remarks(result)),
        "  recall "
        + "  ".join(f"{emotion} {r:.2f} ({scores['counts'][emotion]})" for emotion, r in scores["recall"].items()),
        "  " + " ".join(f"{emotion:>9}" for emotion in ("read as:", *EMOTIONS)),
    ]
    for emotion, row in zip(EMOTIONS, scores["confusion"], strict=True):
        if sum(row):
            lines.append("  " + " ".join(f"{cell:>9}" for cell in (emotion, *row)))
    return "\n".join(lines)


def remarks(result: Result) -> Iterator[str]:
    """Yield what to know beside WAR and UAR, a sentence each."""
    scores, about = result.scores, result.about
    guess, risk = scores["majority"], scores["risk"]
    if result.folds:
        over = result.over_folds
        yield (
            f"over {len(result.folds)} folds: WAR {over['war_mean']:.3f} (sd {over['war_sd']:.3f}), "
            f"UAR {over['uar_mean']:.3f} (sd {over['uar_sd']:.3f}); the other figures are of the clips of all folds"
        )
    drawn = scores["people"] or scores["n"]
    if drawn < FEW:
        yield f"few {'people' if scores['people'] else 'clips'} ({drawn}): the intervals are too narrow"
    if scores["unread"]:
        yield (
            f"not read: {counted(scores['unread'], 'clip')} (coverage {scores['coverage']:.3f}); with these counted as "
            f"wrong WAR {scores['war_all']:.3f}, UAR {scores['uar_all']:.3f}"
        )
    if about.get("lost"):
        yield (
            f"left out by `prepare`: {counted(about['lost'], 'clip')} of the part; with all that were not read counted "
            f"as wrong WAR {scores['war_with_lost']:.3f}"
        )
    yield f"guessing {guess['emotion']} every time: WAR {guess['war']:.3f}, UAR {guess['uar']:.3f}"
    line = f"risk over coverage: area {risk['area']:.3f}"
    if risk.get("threshold_risk") is not None:
        line += (
            f"; above the threshold {risk['threshold']:.2f} lie {risk['threshold_coverage']:.1%}, "
            f"{risk['threshold_risk']:.1%} of them wrong"
        )
    yield line
    if "words" in about:
        yield from _words(about)
    if "training" in about:
        yield f"training: {about['training']}"
    if about.get("split"):
        shared = about["people_in_both_parts"]
        known = "not known, the set does not name people" if shared is None else shared
        yield f"people of the test part who are in the training part of the split too: {known}"


def _words(about: About) -> Iterator[str]:
    """Yield sentences on the words that the program would show."""
    shown = about["words_shown"]
    yield (
        f"a word is shown in {shown / max(1, about['words']):.2f} of {about['words']} readings, "
        f"{about['words_wrong'] / max(1, shown):.2f} of these words are wrong"
    )
    if "changes" in about:
        each = ", ".join(f"{clip} {n}" for clip, n in about["changes"].items())
        total = sum(about["changes"].values())
        yield f"changes of the word: {total} in {about['seconds']:.0f} s ({each})"
        if about["grimaces"]:
            unsure = about["grimaces_unsure"] / about["grimaces"]
            yield f"unsure in {unsure:.2f} of {about['grimaces']} readings of faces that show none of the seven"


def comparison_text(name: str, found: Comparison) -> str:
    """Return the difference of two engines in one sentence."""
    return (
        f"{name}: WAR {found['war']:+.3f} {_interval(found['war_95'])}, UAR {found['uar']:+.3f} "
        f"{_interval(found['uar_95'])} on the same {found['n']} clips; alone it is right in "
        f"{found['only_second_right']}, the other in {found['only_first_right']}, McNemar p {found['mcnemar_p']:.4f}"
    )


def overview(results: Sequence[Result]) -> list[list[str]]:
    """Return a table, engines by sets, of WAR / UAR in percent, over folds the mean; its first row is the head."""
    columns = list(dict.fromkeys(result.where for result in results))
    rows = list(dict.fromkeys(result.candidate for result in results))
    cells = {(r.candidate, r.where): _cell(r) for r in results}
    return [["WAR / UAR", *columns], *([row, *(cells.get((row, column), "") for column in columns)] for row in rows)]


def _cell(result: Result) -> str:
    if not result.folds:
        return f"{result.scores['war']:.1%} / {result.scores['uar']:.1%}"
    over = result.over_folds
    return f"{over['war_mean']:.1%} ± {over['war_sd']:.1%} / {over['uar_mean']:.1%} ± {over['uar_sd']:.1%}"


def write_json(file: Path, content: Mapping[str, object]) -> None:
    """Write figures; raise ConfigError where the file cannot be written."""
    try:
        file.write_text(json.dumps(content, indent=1) + "\n", "utf-8")
    except OSError as cause:
        raise ConfigError(f"{file} cannot be written: {why(cause)}") from cause


def write_report(folder: Path, results: Sequence[Result], comparisons: Comparisons) -> None:
    """Write report.json, report.md and for each result its confusion matrix and clips as CSV and its plots as PNG."""
    from realtime_micacl.making.evaluation.plots import draw  # matplotlib takes a second to load

    write_json(folder / "report.json", figures(results, comparisons))
    sections, slugs = [], Counter[str]()
    for title, result in titled(results).items():
        slug = re.sub(r"[^\w.]+", "-", title.lower()).strip("-")[:50]
        slugs[slug] += 1
        slug += f"-{slugs[slug]}" if slugs[slug] > 1 else ""
        confusion = zip(EMOTIONS, result.scores["confusion"], strict=True)
        _write_csv(folder / f"confusion-{slug}.csv", ["labelled", *EMOTIONS], ([e, *row] for e, row in confusion))
        _write_csv(folder / f"clips-{slug}.csv", ["clip", "labelled", "said", *EMOTIONS], _clips(result.read))
        draw(folder / f"plots-{slug}.png", title, result.read, result.scores)
        sections.append(_section(title, slug, result))
    if comparisons:
        lines = [f"- {comparison_text(name, found)}" for name, found in comparisons.items()]
        sections.append("## Difference\n\n" + "\n".join(lines) + "\n\nThe intervals are of paired draws of people.\n")
    head = "# Evaluation\n\n" + _markdown(overview(results)) + "\nTerms and protocol: docs/evaluation.md.\n"
    (folder / "report.md").write_text("\n".join([head, *sections]), "utf-8", "backslashreplace")


def _write_csv(file: Path, head: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    with file.open("w", encoding="utf-8", errors="backslashreplace", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(head)
        writer.writerows(rows)


def _clips(read: Read) -> Iterator[Sequence[object]]:
    """Yield name, label, leading emotion and probabilities of each clip; only the first two if it was not read."""
    for name, label, row in zip(read.names, read.labels, read.probabilities, strict=True):
        yield [name, EMOTIONS[label], EMOTIONS[row.argmax()], *(f"{p:.4f}" for p in row)]
    for name, label in zip(read.unread_names, read.unread, strict=True):
        yield [name, EMOTIONS[label], *[""] * (1 + len(EMOTIONS))]


def _section(title: str, slug: str, result: Result) -> str:
    scores = result.scores
    table = [
        ["", "value", "95 % interval"],
        ["WAR", f"{scores['war']:.3f}", _interval(scores["war_95"])],
        ["UAR", f"{scores['uar']:.3f}", _interval(scores["uar_95"])],
        ["ECE", f"{scores['ece']:.3f}", ""],
    ]
    recall = [["emotion", *scores["recall"]], ["clips", *(str(scores["counts"][e]) for e in scores["recall"])]]
    recall.append(["recall", *(f"{r:.3f}" for r in scores["recall"].values())])
    drawn = f"drawn by person, {scores['people']} people" if scores["people"] else "drawn by clip, people are unknown"
    parts = [
        f"## {title}\n",
        f"{scores['n']} clips; intervals {drawn}.\n",
        _markdown(table),
        _markdown(recall),
        "\n".join(f"- {line}" for line in remarks(result)) + "\n",
        f"![Confusion, reliability, risk and coverage](plots-{slug}.png)\n",
        f"[confusion-{slug}.csv](confusion-{slug}.csv): the matrix; "
        f"[clips-{slug}.csv](clips-{slug}.csv): the reading of each clip\n",
    ]
    if result.folds:
        parts.insert(2, _markdown([FOLDS, *_folds(result)]))
    return "\n".join(parts)


def _folds(result: Result) -> list[list[str]]:
    """Return the folds as a table."""
    return [
        [
            fold.about["split"] or "",
            fold.candidate,
            str(fold.scores["n"]),
            f"{fold.scores['war']:.3f} {_interval(fold.scores['war_95'])}",
            f"{fold.scores['uar']:.3f} {_interval(fold.scores['uar_95'])}",
            "not known" if (shared := fold.about["people_in_both_parts"]) is None else str(shared),
        ]
        for fold in result.folds
    ]


def _markdown(table: Sequence[Sequence[str]]) -> str:
    head, *rows = table
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"


def _interval(pair: Interval) -> str:
    return f"[{pair[0]:.3f}, {pair[1]:.3f}]"
