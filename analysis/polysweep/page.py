"""index.html: one file, nothing fetched, readable in print."""
from __future__ import annotations

import base64
import html
import os
import urllib.parse

from .foreign import plain
from .report_words import DEFINITIONS, SCOPE

_SVG_MOST = 1_500_000  # bytes; a larger drawing is shown as PNG

CSS = """
:root { --ink: #1b1b1b; --soft: #5f5f5f; --rule: #d9d6cf; --paper: #ffffff; --tint: #f5f3ee; --done: #2f6f5e;
  --bad: #c8102e; --rest: #cfcabf; }
* { box-sizing: border-box }
body { margin: 0 auto; padding: 2.5rem 1.5rem 4rem; max-width: 68rem; color: var(--ink); background: var(--paper);
  font: 17px/1.55 Charter, "Bitstream Charter", "STIX Two Text", Georgia, "Liberation Serif", serif }
h1 { font-size: 2rem; line-height: 1.2; margin: 0 0 .3rem; font-weight: 600; letter-spacing: -.01em }
h2 { font-size: 1.35rem; margin: 2.8rem 0 .6rem; font-weight: 600 }
h1 + p, .meta { color: var(--soft); margin-top: 0 }
p { max-width: 46rem } a { color: #1c4f8a; text-decoration-thickness: 1px; text-underline-offset: 2px }
code, pre { font: .82em/1.5 ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, monospace }
pre { background: var(--tint); padding: 1rem; overflow-x: auto; border-radius: 4px }
section + section { border-top: 3px double var(--rule); margin-top: 4rem; padding-top: 2rem }
figure { margin: 1.6rem 0 2.4rem } figure img { width: 100%; height: auto; display: block }
figcaption { color: var(--soft); font-size: .9rem; max-width: 50rem; margin-top: .7rem }
figcaption b { color: var(--ink); font-weight: 600 }
.scroll { overflow-x: auto } table { border-collapse: collapse; font-size: .84rem; line-height: 1.35;
  font-variant-numeric: tabular-nums lining-nums; margin: .8rem 0; border-top: 1.5px solid var(--ink);
  border-bottom: 1.5px solid var(--ink) }
th { font-weight: 600; text-align: right; vertical-align: bottom; border-bottom: .75px solid var(--ink) }
th, td { padding: .28rem .55rem; white-space: nowrap } td { text-align: right }
th.word, td.word { text-align: left } tr.group td { border-top: .75px solid var(--rule) }
td.text { white-space: normal; text-align: left } td.key { font-weight: 600 } td.none { color: var(--soft) }
.bar { display: flex; height: .55rem; max-width: 46rem; border-radius: 3px; overflow: hidden; background: var(--rest);
  margin: .4rem 0 .5rem } .bar i { display: block } .done { background: var(--done) } .bad { background: var(--bad) }
.spared { background: #a9c4b8 } .run { background: #d9a441 } .rest { background: var(--rest) }
.verdict { border-left: 3px solid var(--done); padding: .1rem 0 .1rem .9rem } .verdict.off { border-color: var(--bad) }
.answer { font-size: 1.12rem; max-width: 52rem; border-left: 3px solid var(--ink); padding: .1rem 0 .1rem .9rem }
details { margin: .6rem 0 } summary { cursor: pointer }
footer { margin-top: 4rem; padding-top: 1rem; border-top: 1px solid var(--rule); color: var(--soft); font-size: .85rem }
@media print { body { max-width: none; padding: 0; font-size: 11pt } figure, table { break-inside: avoid } }
"""


def page(sections) -> str:
    """The page for sections (`report.Section`) whose `html` is there."""
    title = sections[0].name if len(sections) == 1 else "Polynomial attention: " + ", ".join(s.name for s in sections)
    body = "".join(section.html for section in sections)
    return (f'<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
            f'<meta name="viewport" content="width=device-width, initial-scale=1">\n<title>{_e(title)}</title>\n'
            f"<style>{CSS}</style>\n</head>\n<body>\n{'' if len(sections) == 1 else f'<h1>{_e(title)}</h1>'}{body}"
            f"<footer>{_definitions()}<p>Written by polysweep-report. Every figure is also there as PNG and SVG, its "
            "numbers as CSV.</p></footer>\n</body>\n</html>\n")


def part(section, directory, level) -> str:
    """The part of a page about one file, its links relative to `directory`, its heading of this level."""
    parts = [f"<section>\n<h{level}>{_e(section.name)}</h{level}>\n<p>{_source(section)}</p>\n",
             *(f'<p class="answer">{_e(each).replace("&lt;=", "&le;")}</p>\n' for each in section.answer), _progress(section),
             _verdict(section)]
    first = [figure.name.startswith(("heads", "edges")) for figure, _ in section.figures]  # the answer, its figure, its tables
    parts += [_figure(*each, directory) for each, leads in zip(section.figures, first) if leads]
    parts += [_table(each, section, directory) for each in section.leading]
    parts += [_figure(*each, directory) for each, leads in zip(section.figures, first) if not leads]
    parts += [_critical(section, directory), *(_table(each, section, directory) for each in section.tables),
              _failures(section), _provenance(section), "</section>\n"]
    return "".join(parts)


def _source(section):
    launches = section.provenance["launches"]
    words = [f"<code>{_e(section.path.name)}</code>"]
    if len(launches) and "started" in launches:
        words.append(f"first launch {_e(str(launches['started'].iloc[0]))}")
    if section.attributes.get("data_source"):
        words.append(f"data: {_e(str(section.attributes['data_source']))}")
    if "source" in section.attributes:
        words.append(_e(str(section.attributes["source"])))
    return " &middot; ".join(words)


def _progress(section):
    kinds = {"done": "done", "not_needed": "spared", "failed": "bad", "timeout": "bad", "skipped": "bad", "running": "run", "interrupted": "run"}
    bars = "".join(f'<i class="{kinds.get(status, "rest")}" style="width:{100 * count / max(section.points, 1):.3f}%" '
                   f'title="{count} {_e(status)}"></i>'
                   for status, count in sorted(section.counts.items(), key=lambda item: list(kinds).index(item[0])
                                               if item[0] in kinds else 99))
    words = section.progress() + (f". {untimed}." if (untimed := section.untimed()) else "")
    return f'<div class="bar">{bars}</div>\n<p class="meta">{_e(words)}</p>\n'


def _verdict(section):
    found = section.consistency
    if not found.cells:
        return ""
    off = len(found.outside) > max(1.0, 3 * found.cells * (1 - found.level)) or found.pvalue < 1e-3
    return (f'<p class="verdict{" off" if off else ""}"><b>Measurement against exact probability.</b> {_e(str(found))}.'
            "</p>\n")


def _figure(figure, paths, directory):
    files = [f'<a href="{_e(_relative(path, directory))}">{_file_word(kind)}</a>' for kind, path in paths.items()]
    width = round(figure.canvas.get_size_inches()[0] * 112)  # CSS pixels: type in figures about as large as the text's
    return (f'<figure>\n<img src="{_inline(paths)}" alt="{_e(figure.title)}" style="max-width:{width}px">\n'
            f'<figcaption><b>{_e(figure.title)}.</b> '
            f'{_e(figure.caption)} {" &middot; ".join(files)}</figcaption>\n</figure>\n')


def _file_word(kind):
    return kind.upper() if not kind.startswith("csv") else "data" + (f" ({kind[3:]})" if kind[3:] else "")


def _inline(paths):
    path, kind = (paths["svg"], "svg+xml") if paths["svg"].stat().st_size <= _SVG_MOST else (paths["png"], "png")
    return f"data:image/{kind};base64,{base64.b64encode(path.read_bytes()).decode()}"


def _relative(path, directory):
    """A link, whatever bytes the names on the way hold."""
    return urllib.parse.quote(os.fsencode(os.path.relpath(path, directory).replace(os.sep, "/")))


def _critical(section, directory):
    if not len(section.critical):
        return ""
    from .report import HEADINGS, MOST_ROWS, settling

    everything = section.table()
    frame = everything.head(MOST_ROWS)
    word = [frame[name].str[:1].str.isalpha().all() and name not in HEADINGS for name in frame]
    head = "".join(f'<th class="{"word" if w else ""}">{HEADINGS[name][1] if name in HEADINGS else _symbol(name)}</th>'
                   for name, w in zip(frame, word))
    rows, before = [], None
    for values in frame.itertuples(index=False):
        group = values[:list(frame).index("n")]
        cells = "".join(f'<td class="{_class(name, value, w)}">{_e(value)}</td>'
                        for name, value, w in zip(frame, values, word))
        rows.append(f'<tr{" class=group" if before not in (None, group) else ""}>{cells}</tr>')
        before = group
    note = (f"Edges: the first and the last degree of the grid whose true rate of success is at least {section.level:g}; both "
            "statements of a row hold together with 95 % confidence (exact binomial tests, no shape assumed). &lt; and &gt;: at or "
            "beyond that degree, the grid ends before the edge is enclosed. None: every degree is below. Not settled: neither can be "
            "said. Exact theory: the same from the exact probability. All &beta; with an index are derived bounds and predictions; "
            "a star marks a window with a gap.")
    few = settling(section.critical, section.level)
    note += f" {few}." if few else ""
    if len(everything) > MOST_ROWS:
        note += f" The first {MOST_ROWS} of {len(everything)} rows."
    link = _relative(section.directory / "critical.csv", directory)
    return (f'<h2>Critical degrees</h2>\n<p class="meta">{note} <a href="{_e(link)}">data</a></p>\n'
            f'<div class="scroll"><table>'
            f"<thead><tr>{head}</tr></thead>\n<tbody>\n{chr(10).join(rows)}\n</tbody></table></div>\n")


def _table(each, section, directory):
    """A `sketch_tables.Table`; a rule where the first columns change."""
    from .report import MOST_ROWS, WORDS

    frame = each.shown.head(MOST_ROWS)
    word = [name in WORDS for name in frame]
    until = next((i for i, name in enumerate(frame) if name.endswith("<=") or name == "sketch"), 0)
    head = "".join(f'<th class="{"word" if w else ""}">{_symbol(name.strip()).replace("&lt;=", "&le;")}</th>'
                   for name, w in zip(frame, word))
    rows, before = [], None
    for values in frame.itertuples(index=False):
        cells = "".join(f'<td class="{_class(name, value, w)}">{_e(value)}</td>' for name, value, w in zip(frame, values, word))
        rows.append(f'<tr{" class=group" if before not in (None, values[:until]) else ""}>{cells}</tr>')
        before = values[:until]
    more = f" The first {MOST_ROWS} of {len(each.shown)} rows." if len(each.shown) > MOST_ROWS else ""
    link = _relative(section.directory / each.file, directory)
    table = (f'<div class="scroll"><table><thead><tr>{head}</tr></thead>\n<tbody>\n{chr(10).join(rows)}\n</tbody></table>'
             "</div>\n")
    table = f"<details><summary>each combination</summary>{table}</details>\n" if each.brief else table
    return f'<h2>{_e(each.title)}</h2>\n<p class="meta">{_e(each.note)}{more} <a href="{_e(link)}">data</a></p>\n{table}'


def _class(name, value, word):
    return " ".join(filter(None, ["word" if word else "", "text" if len(str(value)) > 40 else "", "key" if name in ("lower", "upper") else "",
                                  "none" if value in ("none", "inf", "not settled", "") else ""]))


def _symbol(name):
    return f"<i>{name}</i>" if name in ("n", "d", "m", "r") else _e(name)


def _failures(section):
    if not len(section.failures):
        return ""
    return "<h2>Failures</h2>\n" + _plain(section.failures.head(200), {"message"})


def _provenance(section):
    launches, parts = section.provenance["launches"], ["<h2>Provenance</h2>\n"]
    if len(launches):
        transposed = launches.astype(str).T
        transposed.columns = [f"launch {k}" for k in launches.index]
        transposed.insert(0, "", transposed.index)
        parts.append(_plain(transposed, set(transposed.columns)))
    for name, text in section.provenance.items():
        if isinstance(text, str) and text.strip():
            opened = " open" if name == "study" and len(text) < 3000 else ""
            parts.append(f"<details{opened}><summary>{_e(name.replace('_', ' '))}</summary><pre>{_lines(text)}</pre>"
                         "</details>\n")
    return "".join(parts)


def _plain(frame, texts):
    head = "".join(f'<th class="word">{_e(str(name))}</th>' for name in frame)
    rows = "".join("<tr>" + "".join(f'<td class="{"text" if name in texts else "word"}">{_e(str(value))}</td>'
                                    for name, value in zip(frame, row)) + "</tr>\n"
                   for row in frame.itertuples(index=False))
    return f'<div class="scroll"><table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>\n'


def _definitions():
    items = "".join(f"<p>{text}</p>" for text in (SCOPE, *DEFINITIONS))
    return f"<details><summary>What the words mean</summary>{items}</details>"


def _e(text):
    return html.escape(plain(text), quote=True)


def _lines(text):
    """A text of several lines, of which none holds what a browser obeys."""
    return "\n".join(_e(line) for line in str(text).split("\n"))
