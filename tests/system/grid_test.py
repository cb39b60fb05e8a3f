#!/usr/bin/env python3
"""The exercises of seeds 1 to 3: findings equal answer keys written by hand; the benign twins give none;
one answer changed in the capture changes exactly the finding it should.

The keys (tests/pipeline/grid.json) were read off the captures with tshark and the truth files, by the
rules of the accord; its `how` says from which commands.
"""
import json

from common import GRID, TOP, expect, final_findings, finish, grid, replay, temporary

FIELDS = ["line", "sector", "assets", "outcome", "headline", "first", "last", "source"]


def short(finding):
    """The fields that an answer key has."""
    return {"line": finding["line"], "sector": finding["sector"], "assets": sorted(asset["id"] for asset in finding["assets"]),
            "outcome": finding["outcome"], "headline": finding["origin"]["headline"],
            "first": finding["first"], "last": finding["last"], "source": finding["sources"]}


def order(rows):
    return sorted(rows, key=lambda r: json.dumps(r, sort_keys=True))


def main():
    keys = json.loads((TOP / "tests/pipeline/grid.json").read_text())
    with temporary() as work:
        for seed, key in keys["seeds"].items():
            got = order(map(short, final_findings(replay(grid(work, seed), *GRID))))
            want = order({field: row[field] for field in FIELDS} for row in key["findings"])
            expect(got == want, f"seed {seed}:\n  wanted {json.dumps(want)}\n  got    {json.dumps(got)}")
            twin = final_findings(replay(grid(work, seed, benign=True), *GRID))
            expect(twin == [], f"benign twin of seed {seed} gives {list(map(short, twin))}")
    finish("grid")


main()
