"""The lower bound for Python: JSON lines over a Unix socket, without cargo bedrock."""
import json
import socket
import sys

connection = socket.socket(socket.AF_UNIX)
connection.connect(sys.argv[1])
for line in connection.makefile("rb"):
    connection.sendall(json.dumps(json.loads(line)).encode() + b"\n")
