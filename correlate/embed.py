"""Writes a text file as a C array: embed.py INPUT OUTPUT NAME."""
import sys

data = open(sys.argv[1], "rb").read()
rows = [", ".join(str(byte) for byte in data[at:at + 20]) for at in range(0, len(data), 20)]
with open(sys.argv[2], "w") as out:
    out.write(f"#include <stddef.h>\nextern const char {sys.argv[3]}[];\nextern const size_t {sys.argv[3]}_len;\n")
    out.write(f"const char {sys.argv[3]}[] = {{\n    " + ",\n    ".join(rows) + ", 0};\n")
    out.write(f"const size_t {sys.argv[3]}_len = {len(data)};\n")
