"""What is written down is what holds."""

from pathlib import Path

from recommendations.insights import RULES

TEXT = (Path(__file__).parents[2] / "docs" / "insights.md").read_text()


def test_the_table_of_rules_is_the_table_in_the_code():
    rows = [line.split("|")[1:3] for line in TEXT.splitlines() if line.startswith("| ") and "_" in line.split("|")[1]]
    rows += [line.split("|")[1:3] for line in TEXT.splitlines() if line.startswith(("| quiet", "| overdue"))]
    assert [(kind.strip(), when.strip()) for kind, when in rows] == [(rule.kind, rule.when) for rule in RULES]
