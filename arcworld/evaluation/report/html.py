"""Turn a Markdown report into one HTML page that contains every picture and needs no server.

Wide tables scroll sideways on narrow screens.
"""

from __future__ import annotations

import base64
import html
import mimetypes
import re
from pathlib import Path

STYLE = """
:root { color-scheme: light dark; --ink: #1c1e21; --quiet: #5b6168; --line: #d9dce0;
  --paper: #ffffff; --tint: #f5f6f8; --accent: #3451b2; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e8ea; --quiet: #9aa1a9; --line: #3a3f45;
  --paper: #16181b; --tint: #1f2226; --accent: #8fa5f5; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink);
  font: 16px/1.55 system-ui, sans-serif; }
main { max-width: 1080px; margin: 0 auto; padding: 24px 20px 80px; }
h1 { font-size: 30px; line-height: 1.2; margin: 8px 0 4px; }
h2 { font-size: 22px; margin: 48px 0 8px; padding-top: 16px; border-top: 1px solid var(--line); }
h3 { font-size: 17px; margin: 28px 0 4px; }
p { max-width: 75ch; margin: 8px 0; }
a { color: var(--accent); }
nav { font-size: 15px; margin: 12px 0 0; display: flex; flex-wrap: wrap; gap: 4px 18px; }
img { max-width: 100%; height: auto; display: block; margin: 8px 0; background: #fff; }
code { font-size: 0.92em; background: var(--tint); padding: 1px 4px; border-radius: 4px;
  overflow-wrap: anywhere; }
pre { background: var(--tint); padding: 12px; overflow-x: auto; border-radius: 6px; }
pre code { padding: 0; overflow-wrap: normal; }
.table { overflow-x: auto; margin: 8px 0 4px; }
table { border-collapse: collapse; font-size: 14px; font-variant-numeric: tabular-nums; }
th, td { padding: 5px 12px 5px 0; border-bottom: 1px solid var(--line); vertical-align: top; }
th { text-align: left; color: var(--quiet); font-weight: 600; }
td[style*=right], th[style*=right] { white-space: nowrap; }
details { margin: 16px 0; }
summary { cursor: pointer; color: var(--accent); }
@media (max-width: 600px) { main { padding: 12px 14px 60px; } h1 { font-size: 25px; } }
"""
PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>{style}</style>
</head>
<body>
<main>
{body}
</main>
</body>
</html>
"""
_IMAGE = re.compile(r'(<img src=")([^"]+)(")')
_HEADING = re.compile(r"<h2>(.*?)</h2>")


def as_html(markdown: str, folder: Path, title: str) -> str:
    """Convert a Markdown page to HTML that needs no other file.

    Pictures that are in `folder` become data URIs. Each `##` heading gets an anchor. A line of
    links to them is added below the title.

    >>> page = as_html("# A run\\n\\n## Results\\n\\nGood.", Path("."), "A run")
    >>> '<h2 id="results">Results</h2>' in page and '<a href="#results">' in page
    True

    Args:
        markdown: CommonMark with tables; HTML inside it is kept.
        folder: base of relative picture paths.
        title: of the browser tab.
    """
    from markdown_it import MarkdownIt

    body = MarkdownIt("commonmark", {"html": True}).enable("table").render(markdown)
    body = body.replace("<table>", '<div class="table"><table>')
    body = body.replace("</table>", "</table></div>")
    body = _IMAGE.sub(lambda found: _inlined(found, folder), body)
    headings = [re.sub(r"<[^>]+>", "", found) for found in _HEADING.findall(body)]
    body = _HEADING.sub(lambda found: f'<h2 id="{_slug(found[1])}">{found[1]}</h2>', body)
    links = "".join(f'<a href="#{_slug(name)}">{name}</a>' for name in headings)
    if links:
        body = body.replace("</h1>", f"</h1>\n<nav>{links}</nav>", 1)
    return PAGE.format(title=html.escape(title), style=STYLE, body=body)


def _inlined(found: re.Match[str], folder: Path) -> str:
    """The matched `img` tag with its picture as a data URI; unchanged if there is no such file."""
    path = folder / found[2]
    if not path.is_file():
        return found[0]
    kind = mimetypes.guess_type(path.name)[0] or "image/png"
    data = base64.b64encode(path.read_bytes()).decode("ascii")
    return f"{found[1]}data:{kind};base64,{data}{found[3]}"


def _slug(heading: str) -> str:
    """The anchor name of a heading, for example `played-games`."""
    words = re.sub(r"<[^>]+>|&\w+;", "", heading).lower()
    return re.sub(r"[^a-z0-9]+", "-", words).strip("-")
