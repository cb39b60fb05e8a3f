"""An accord of the size that a state may have, for bench/compare.py: a thousand assets, a hundred thousand networks
declared, and the lines of tests/accords/everything.yaml. The networks are drawn evenly, by a fixed rule, from all
unicast addresses of IPv4, so that looking one up costs what it costs in a large table."""
import pathlib
import subprocess

ACCORDS = pathlib.Path(__file__).resolve().parents[1] / "tests/accords"
EVERYTHING, CORRELATIONS = ACCORDS / "everything.yaml", ACCORDS / "everything.correlations.yaml"
ASSETS, NETWORKS = 1000, 100000


def network(n):
    """The nth: distinct /24s, in no order."""
    place = n * 104729 % (223 * 65536 - 65536) + 65536  # from 1.0.0.0/24 on; a prime, so that none comes twice
    return f"{place >> 16}.{place >> 8 & 255}.{place & 255}.0/24"


def make_accord(plimsoll, folder):
    """The accord's path."""
    folder.mkdir()
    assets, networks = folder / "own.assets.yaml", folder / "own.networks.yaml"
    assets.write_text("party: tester\nmonitored: [10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16]\nassets:\n" + "".join(
        f"  - {{id: asset-{n}, sector: power, class: important, networks: [192.168.{n // 250}.{n % 250 + 1}/32], site: bench, published: true}}\n"
        for n in range(ASSETS)))
    networks.write_text("party: tester\nnetworks:\n" + "".join(
        f"  - {{prefix: {network(n)}, from: 1990-01-01, role: test, site: bench}}\n" for n in range(NETWORKS)))
    head, rest = EVERYTHING.read_text().split("lines:\n", 1)
    for name, annex in (("assets", assets), ("networks", networks)):
        root = subprocess.run([plimsoll, "accord", "root", annex, "--make-salts"], capture_output=True, text=True, check=True).stdout.strip()
        begin = head.index(f"{name}: {{file:")
        head = head[:begin] + f'{name}: {{file: {annex.name}, root: "{root}"' + head[head.index("}", begin):]
    accord = folder / "own.yaml"
    accord.write_text(head + "lines:\n" + rest)
    return accord
