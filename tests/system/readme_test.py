#!/usr/bin/env python3
"""The screen that the README shows is what the program prints; ids, keys and rates differ from run to run.

    readme_test.py --write    puts the screen of now into the README
"""
import re
import sys

from common import GRID, TOP, expect, finish, grid, run, temporary

README = TOP / "README.md"
SCREEN = re.compile(r"(?<=```\n)[0-9]+ packets, .*?(?=```)", re.S)


def masked(text):
    text = re.sub(r"f-[a-z2-7]{16}", "f-" + "x" * 16, text)
    text = re.sub(r"^RATES .*?;", "RATES;", text, flags=re.M)
    return re.sub(r"(facts|acts)-2026\+\S+", r"\1-2026+KEY", text)


def main():
    with temporary() as work:
        capture = grid(work, 1)
        screen = run("replay", capture, *GRID, "--ledger", f"{work}/ledger", "--ledger-key", f"{work}/key",
                     "--ledger-secret", f"{work}/secret").stdout.replace(f"{work}/", "")
        text = README.read_text()
        if "--write" in sys.argv:
            README.write_text(SCREEN.sub(lambda _: screen, text) if SCREEN.search(text)
                              else text.replace("@SCREEN@\n", screen))
            return
        shown = SCREEN.search(text)
        expect(shown and masked(shown[0]) == masked(screen), "the README's screen is not what replay prints; readme_test.py --write")
    finish("readme")


main()
