"""JUnit XML, as CI systems read it: a suite per scenario, a case per configuration and seed."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from xml.etree import ElementTree as ET

from minikafka.lab.result import Mark, Result

ELEMENTS = {Mark.FAIL: "failure", Mark.INCONCLUSIVE: "error", Mark.SKIPPED: "skipped"}
"""What a mark is called there; a pass is called nothing."""


def junit(results: Sequence[Result]) -> str:
    """The document, results of one scenario standing together."""
    root = ET.Element("testsuites", name="minikafka lab")
    for name, group in groupby(results, key=lambda one: one.scenario.name):
        cases = list(group)
        marks = [one.mark for one in cases]
        suite = ET.SubElement(
            root,
            "testsuite",
            name=name,
            tests=str(len(cases)),
            failures=str(marks.count(Mark.FAIL)),
            errors=str(marks.count(Mark.INCONCLUSIVE)),
            skipped=str(marks.count(Mark.SKIPPED)),
            time=f"{sum(one.seconds for one in cases):.3f}",
        )
        for one in cases:
            _case(suite, one)
    ET.indent(root)
    return ET.tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def _case(suite: ET.Element, one: Result) -> None:
    case = ET.SubElement(
        suite,
        "testcase",
        classname=f"lab.{one.scenario.name}",
        name=f"{one.configuration.name}, seed {one.seed}",
        time=f"{one.seconds:.3f}",
    )
    element = ELEMENTS.get(one.mark)
    if element is not None:
        told = ET.SubElement(case, element, message=one.why, type=str(one.mark))
        told.text = f"{one.command}\n\n{printable(one.story())}"


def printable(text: str) -> str:
    """Without what XML 1.0 cannot hold; ids are a program's, and may be anything."""
    return "".join(each if each >= " " or each in "\n\t" else "\N{REPLACEMENT CHARACTER}" for each in text)
