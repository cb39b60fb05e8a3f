#!/usr/bin/env python3
"""What parsers tell of HTTP/2 beside Suricata and tshark.

Hand-written conversations (http2_cases.py) become a capture. For each part that we tell of it a rule asks Suricata whether
its buffer is exactly that; for each that we do not tell, whether it has one.
"""
import pathlib
import subprocess

from common import expect, fault, finish, need_corpora, need_program, skip, temporary
from http2_cases import CASES, DIFFERENT
from http_test import by_hand, told


def main():
    need_program("suricata")
    version = subprocess.run(["suricata", "-V"], capture_output=True, text=True).stdout
    if " 7." not in version:
        skip("needs Suricata 7")
    with temporary() as directory:
        by_hand(pathlib.Path(directory), CASES, DIFFERENT)
    finish("http2")


if __name__ == "__main__":
    main()
