"""A page of HTML that stands by itself: its style in it, and nothing that it asks anybody for."""

from __future__ import annotations

import html

STYLE = """\
body { font: 16px/1.5 system-ui, sans-serif; max-width: 70rem; margin: 2rem auto; padding: 0 1rem; color: #222 }
h2 { font-size: 1.25rem; margin-top: 2rem }
table { border-collapse: collapse; margin: 1rem 0; font-size: 14px; display: block; overflow-x: auto }
th, td { padding: .2rem .7rem; text-align: right; border-bottom: 1px solid #ddd }
th { background: #f4f4f4 } td:first-child, th:first-child { text-align: left }
img { max-width: 100% } caption { text-align: left; font-style: italic; padding: .3rem 0 }
pre { background: #f7f7f7; padding: .6rem; font-size: 13px; white-space: pre-wrap; overflow-wrap: anywhere }
"""
#: What browsers are told besides: load nothing, run nothing.
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"


def page(title: str, body: str) -> str:
    """The page.

    Args:
        title: plain text.
        body: HTML, below the heading.
    """
    told = html.escape(title)
    return (
        f'<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n<title>{told}</title>\n'
        f'<link rel="icon" href="data:,">\n<style>\n{STYLE}</style>\n</head>\n'
        f"<body>\n<h1>{told}</h1>\n{body}\n</body>\n</html>\n"
    )
