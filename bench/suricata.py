"""Suricata beside plimsoll: its configuration, which is its package's but that alerts are all that it writes, that no
alert of a packet is discarded, and that every run says the same; and the rules that both load."""
import re

CONFIG = """%YAML 1.1
---
vars:
  address-groups: {{HOME_NET: "[192.168.0.0/16,10.0.0.0/8,172.16.0.0/12]", EXTERNAL_NET: any, HTTP_SERVERS: $HOME_NET,
    SMTP_SERVERS: $HOME_NET, SQL_SERVERS: $HOME_NET, DNS_SERVERS: $HOME_NET, TELNET_SERVERS: $HOME_NET,
    AIM_SERVERS: $EXTERNAL_NET, DC_SERVERS: $HOME_NET, DNP3_SERVER: $HOME_NET, DNP3_CLIENT: $HOME_NET,
    MODBUS_CLIENT: $HOME_NET, MODBUS_SERVER: $HOME_NET, ENIP_CLIENT: $HOME_NET, ENIP_SERVER: $HOME_NET}}
  port-groups: {{HTTP_PORTS: "80", SHELLCODE_PORTS: "!80", ORACLE_PORTS: 1521, SSH_PORTS: 22, DNP3_PORTS: 20000,
    MODBUS_PORTS: 502, FILE_DATA_PORTS: "[$HTTP_PORTS,110,143]", FTP_PORTS: 21, GENEVE_PORTS: 6081, VXLAN_PORTS: 4789,
    TEREDO_PORTS: 3544, SIP_PORTS: "[5060,5061]"}}
classification-file: {classes}
outputs:
  - eve-log: {{enabled: yes, filetype: regular, filename: eve.json, types: [alert: {{tagged-packets: no}}]}}
unix-command: {command}
runmode: single
packet-alert-max: 255
flow: {{memcap: 1gb, hash-size: 65536, prealloc: 1000}}
stream:
  memcap: 1gb
  checksum-validation: no
  inline: no
  midstream: {midstream}
  reassembly: {{memcap: 4gb, depth: 1mb, randomize-chunk-size: no}}
app-layer: {{protocols: {{http: {{enabled: yes, libhtp: {{default-config: {{
  personality: IDS, request-body-limit: 100kb, response-body-limit: 100kb, request-body-minimal-inspect-size: 32kb,
  request-body-inspect-window: 4kb, response-body-minimal-inspect-size: 40kb, response-body-inspect-window: 16kb,
  response-body-decompress-layer-limit: 2, http-body-inline: auto, randomize-inspection-sizes: no,
  double-decode-path: no, double-decode-query: no}}}}}}}}}}
"""


def write_config(path, classes, midstream, socket=None):
    """classes: the file of classifications; midstream: conversations are picked up in the middle; socket: of a server."""
    command = f"{{enabled: yes, filename: {socket}}}" if socket else "{enabled: no}"
    path.write_text(CONFIG.format(classes=classes, command=command, midstream="yes" if midstream else "no"))


def loaded_rules(check_errors, files, out):
    """Writes the rules that `plimsoll rules check` has no error for; returns how many these are, and of how many.
    check_errors: what it said, FILE:LINE:COLUMN: error: ..."""
    rejected = {(m[1], int(m[2])) for m in re.finditer(r"^(.+?):(\d+):\d+: error: ", check_errors, re.M)}
    lines = [(line, (str(path), n) in rejected) for path in files
             for n, line in enumerate(path.read_bytes().split(b"\n"), 1) if line.startswith(b"alert")]
    kept = [line for line, bad in lines if not bad]
    out.write_bytes(b"\n".join(kept) + b"\n")
    return len(kept), len(lines)
