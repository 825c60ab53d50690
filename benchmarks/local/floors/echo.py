"""The floor for Python: JSON lines over a unix socket, nothing else."""
import json
import socket
import sys

s = socket.socket(socket.AF_UNIX)
s.connect(sys.argv[1])
for line in s.makefile("rb"):
    s.sendall(json.dumps(json.loads(line)).encode() + b"\n")
