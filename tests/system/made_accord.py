"""Accords made for a test: of one party, with assets as given and lines for all that the shipped correlations find; and
the example with something changed."""
import ipaddress
import shutil

from common import ACCORD, TOP, expect, run

EVERYTHING = TOP / "tests/accords/everything.yaml"
SEVERITY = "{seen: 10, refused: 10, unanswered: 10, acknowledged: 15, completed: 20, per-asset: {vital: 2, important: 1}, cap: 40}"
LINES = {
    "control": ("plimsoll.control-command", "{two-way-contact: required, clock-error: {at-most: 1s}, operator: {registered: false}}"),
    "survey": ("plimsoll.control-survey", "{two-way-contact: required, clock-error: {at-most: 1s}}"),
    "guessing": ("plimsoll.credential-guessing", "{two-way-contact: required, clock-error: {at-most: 1s}}"),
    "recon": ("plimsoll.selective-scan",
              "{selectivity: {unit: address, touched: 12, control-addresses: 256, lift: 5, chance-at-most: 1e-6}, clock-error: {at-most: 1s}}"),
}
LINE = """  - id: {id}
    stage: confidential
    category: tests/{id}
    obligation: None; this line is for tests.
    observable: The correlation {correlation} was met.
    norm: {{source: none, basis: this-accord}}
    protects: {{sectors: [power]}}
    matched-by:
      - correlation: {correlation}
        gates: {gates}
        severity: {severity}
        techniques: [ics/T0836]
"""


def prefix(address):
    """A host as a network, quoted for YAML."""
    return f'"{address}/{ipaddress.ip_address(address).max_prefixlen}"'


def make_accord(folder, servers, operators, services=(), lines=None):
    """An accord in this folder that protects each server, operated by these; the path of its file. services: (protocol,
    port) that each is declared to have. lines: as LINES."""
    folder.mkdir()
    monitored = sorted({str(ipaddress.ip_network(f"{a}/16", strict=False)) for a in servers if ":" not in a}) or ["192.0.2.0/24"]
    listed = ", ".join(f"{{proto: {p}, port: {n}}}" for p, n in services)
    rows = [f"  - {{id: server-{n}, sector: power, class: important, networks: [{prefix(a)}], site: test, published: true"
            + (f", operators: [{', '.join(map(prefix, operators))}]" if operators else "")
            + (f", services: [{listed}]" if listed else "") + "}" for n, a in enumerate(sorted(servers))]
    assets, networks = folder / "own.assets.yaml", folder / "own.networks.yaml"
    assets.write_text(f"party: tester\nmonitored: [{', '.join(monitored)}]\nassets:\n" + "\n".join(rows) + "\n")
    networks.write_text("party: tester\nnetworks:\n  - {prefix: 203.0.113.0/24, from: 1990-01-01, role: test}\n")
    roots = [run("accord", "root", annex, "--make-salts").stdout.strip() for annex in (assets, networks)]
    head, rest = EVERYTHING.read_text().split("lines:\n")
    for name, root in zip(("assets", "networks"), roots):
        begin = head.index(f"{name}: {{file:")
        end = head.index("}", begin)
        head = head[:begin] + f'{name}: {{file: own.{name}.yaml, root: "{root}"' + head[end:]
    accord = folder / "own.yaml"
    accord.write_text(head + "lines:\n" + "".join(
        LINE.format(id=line, correlation=c, gates=g, severity=SEVERITY) for line, (c, g) in (lines or LINES).items())
                      + rest[rest.index("intervals:"):])
    done = run("accord", "check", accord, code=None)
    expect(done.returncode == 0, f"the accord that was made is not right: {done.stderr}")
    return accord


def changed_example(folder, assets, accord=lambda text: text):
    """The example accord in this folder, its annex of assets and itself changed by these functions of their texts; the
    path of its file."""
    folder.mkdir()
    for part in ("assets", "networks"):
        for suffix in ("yaml", "salts"):
            shutil.copy(ACCORD.parent / f"amber.{part}.{suffix}", folder)
    annex, path = folder / "amber.assets.yaml", folder / ACCORD.name
    root = run("accord", "root", annex).stdout.strip()
    annex.write_text(assets(annex.read_text()))
    other = run("accord", "root", annex).stdout.strip()
    text = ACCORD.read_text()
    expect(root in text and root != other, "the root of the annex is not in the accord, or does not change")
    changed = accord(text.replace(root, other))
    path.write_text(changed)
    return path
