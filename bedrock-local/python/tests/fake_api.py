"""Fake of the app's local Lambda Invoke API, which can also misbehave."""

import socket
import threading


def http(status, body=b"", *headers, length=None):
    """Returns an HTTP/1.1 response as bytes."""
    lines = [f"HTTP/1.1 {status} X", f"Content-Length: {len(body) if length is None else length}", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


class Request:
    """A received request: request line, headers in lower case, body, and the number of its connection."""

    def __init__(self, line, headers, body, connection):
        self.method, self.target, _ = line.split(" ")
        self.headers = headers
        self.body = body
        self.connection = connection


class FakeApi:
    """Responds to each request with the bytes of `response(request)`, or closes the connection if it is None.

    With `close_after` the connection is closed after that many responses, as by an idle timeout.
    """

    def __init__(self, response, close_after=None):
        self.requests = []
        self.connections = 0
        self.closed = threading.Semaphore(0)
        self._answer = response
        self._close_after = close_after
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = "http://127.0.0.1:%d" % self._listener.getsockname()[1]
        self._sockets = []
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self._sockets.append(connection)
            self.connections += 1
            threading.Thread(target=self._serve, args=(connection, self.connections), daemon=True).start()

    def _serve(self, connection, number):
        answered = 0
        with connection, connection.makefile("rb") as stream:
            while answered != self._close_after:
                request = self._read(stream, number)
                if request is None:
                    break
                self.requests.append(request)
                response = self._answer(request)
                if response is None:
                    break
                connection.sendall(response)
                answered += 1
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
        self.closed.release()

    @staticmethod
    def _read(stream, number):
        try:
            line = stream.readline().decode().strip()
            if not line:
                return None
            headers = {}
            while True:
                header = stream.readline().decode().strip()
                if not header:
                    break
                name, _, value = header.partition(":")
                headers[name.lower()] = value.strip()
            return Request(line, headers, stream.read(int(headers.get("content-length", 0))), number)
        except OSError:
            return None

    def close(self):
        self._listener.close()
        for connection in self._sockets:
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
