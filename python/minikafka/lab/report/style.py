"""The look of the report: one sheet, light and dark as the reader's system prefers, nothing fetched."""

from __future__ import annotations

from typing import Final

STYLE: Final = """
:root { color-scheme: light dark;
  --page: #fdfdfb; --text: #1d2126; --soft: #565d66; --edge: #d8dbdf; --panel: #f3f4f1;
  --good: #1a6b3a; --bad: #b3261e; --unclear: #855b00; --ack: #1f5fa8; --read: #6b3fa0; --done: #1a6b3a;
  --end: #8a9099; --hw: #1a6b3a; --lso: #b26a00; --band: #c2591733; }
@media (prefers-color-scheme: dark) { :root {
  --page: #14171a; --text: #e4e6e8; --soft: #a4abb3; --edge: #3a4048; --panel: #1d2125;
  --good: #7fd39b; --bad: #ff9a90; --unclear: #f0c060; --ack: #84b9f5; --read: #c9a6f7; --done: #7fd39b;
  --end: #7d858e; --hw: #7fd39b; --lso: #f0b060; --band: #e0894a3d; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1.5rem 1.25rem 4rem; max-width: 62rem; background: var(--page); color: var(--text);
  font: 16px/1.55 system-ui, sans-serif; }
h1 { font-size: 1.7rem; margin: 0 0 .3rem; } h2 { font-size: 1.3rem; margin: 3rem 0 .4rem; } h3 { font-size: 1.05rem; }
a { color: var(--ack); } a:focus-visible, summary:focus-visible { outline: 3px solid var(--ack); outline-offset: 2px; }
p { max-width: 46rem; } .soft { color: var(--soft); }
blockquote { margin: .4rem 0; padding-left: .8rem; border-left: 3px solid var(--edge); color: var(--soft); }
code, pre { font: .86em/1.45 ui-monospace, monospace; }
pre { background: var(--panel); padding: .7rem .9rem; border-radius: 6px; overflow-x: auto; white-space: pre-wrap;
  overflow-wrap: anywhere; }
.scroll { overflow-x: auto; } table { border-collapse: collapse; width: 100%; margin: .8rem 0; font-size: .92rem; }
th, td { text-align: left; vertical-align: top; padding: .35rem .6rem .35rem 0; border-bottom: 1px solid var(--edge); }
.PASS { color: var(--good); font-weight: 600; } .FAIL { color: var(--bad); font-weight: 700; }
.INCONCLUSIVE { color: var(--unclear); font-weight: 700; } .SKIPPED { color: var(--soft); }
figure { margin: 1rem 0; } figcaption { font-size: .9rem; color: var(--soft); }
.plot { width: 100%; height: auto; display: block; }
.plot text { fill: var(--soft); font: 10px system-ui, sans-serif; } .plot .strike { fill: var(--text); }
.grid { stroke: var(--edge); stroke-width: .6; } .band { fill: var(--band); }
.line { fill: none; stroke-width: 1.4; } .log-end { stroke: var(--end); } .high-watermark { stroke: var(--hw); }
.last-stable { stroke: var(--lso); stroke-dasharray: 5 3; }
.acknowledged { fill: var(--ack); } .cross { fill: none; stroke-width: 1.2; stroke: var(--read); }
.read-committed { stroke: var(--lso); } .processed { stroke: var(--done); }
.wrong { fill: none; stroke: var(--bad); stroke-width: 1.6; }
.leads { fill: var(--hw); } .in-sync { fill: var(--end); } .bar { fill: var(--ack); }
.legend { display: flex; flex-wrap: wrap; gap: .2rem 1.1rem; margin: 0; padding: 0; list-style: none;
  font-size: .85rem; }
.legend svg { width: 22px; height: 12px; vertical-align: -1px; margin-right: .35rem; }
details { margin: .5rem 0; } summary { cursor: pointer; }
@media print { body { max-width: none; } details { display: block; } }
"""

LEGEND: Final = (
    ('<circle class="acknowledged" cx="11" cy="6" r="3"/>', "acknowledged"),
    ('<path class="cross read" d="M8 3l6 6m0-6l-6 6"/>', "read"),
    ('<path class="cross read-committed" d="M8 3l6 6m0-6l-6 6"/>', "read, read_committed"),
    ('<path class="cross processed" d="M8 3l6 6m0-6l-6 6"/>', "processed"),
    ('<path class="line log-end" d="M1 6h20"/>', "log end"),
    ('<path class="line high-watermark" d="M1 6h20"/>', "high watermark"),
    ('<path class="line last-stable" d="M1 6h20"/>', "last stable offset"),
    ('<circle class="wrong" cx="11" cy="6" r="4.5"/>', "an anomaly"),
    ('<rect class="band" x="1" y="1" width="20" height="10"/>', "something went wrong on purpose"),
    ('<rect class="leads" x="1" y="1" width="20" height="10"/>', "leads"),
    ('<rect class="in-sync" x="1" y="4" width="20" height="4"/>', "in sync"),
)
"""What each mark means, drawn as in the picture."""
