#!/usr/bin/env bash
# guess: lambda_runtime reports an error in the middle of a streamed response as AWS documents for custom runtimes, in the HTTP
#   trailers `Lambda-Runtime-Function-Error-Type` and `-Body`, which it announces in the header `Trailer`
# behaviour: it writes the two lines as text into the body, as one more chunk, and sends no trailers. The client of the
#   function's URL reads them at the end of the response, and Lambda sees a response that is complete.
# version: lambda_runtime 1.5.0, lambda_runtime_api_client 1.1.1 (crates.io)
# date: 2026-11-30
# output:
#   announced  Lambda-Runtime-Function-Error-Type, Lambda-Runtime-Function-Error-Body
#   body       first part
#   body       Lambda-Runtime-Function-Error-Type: Runtime.StreamError
#   body       Lambda-Runtime-Function-Error-Body: dGhlIGRhdGFiYXNlIGlzIGdvbmU=
#   trailers   0
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
mkdir src
cat > Cargo.toml <<'TOML'
[package]
name = "streaming"
version = "0.1.0"
edition = "2021"

[dependencies]
bytes = "1"
futures-util = { version = "0.3", default-features = false }
lambda_runtime = { version = "=1.5.0", default-features = false }
lambda_runtime_api_client = "=1.1.1"
serde_json = "1"
tokio = { version = "1", features = ["macros", "rt"] }
TOML
cat > src/main.rs <<'RUST'
use futures_util::stream;
use lambda_runtime::{service_fn, Error, FunctionResponse, LambdaEvent, StreamResponse};
use serde_json::Value;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    lambda_runtime::run(service_fn(|_: LambdaEvent<Value>| async {
        let chunks = stream::iter([Ok(bytes::Bytes::from_static(b"first part")), Err(Error::from("the database is gone"))]);
        Ok::<_, Error>(FunctionResponse::<(), _>::StreamingResponse(StreamResponse::from(chunks)))
    }))
    .await
}
RUST
cat > runtime_api.py <<'PY'
# A Runtime API with one event. Prints what follows the beginning of the response.
import http.server
import os
import subprocess


class RuntimeApi(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        if os.path.exists("responded"):
            os._exit(0)
        self.send_response(200)
        for name, value in {
            "Content-Length": "2",
            "Lambda-Runtime-Aws-Request-Id": "1",
            "Lambda-Runtime-Deadline-Ms": "9999999999999",
            "Lambda-Runtime-Invoked-Function-Arn": "arn:aws:lambda:us-east-1:000000000000:function:f",
            "Lambda-Runtime-Trace-Id": "t",
        }.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(b"{}")

    def do_POST(self):
        body = b""
        while length := int(self.rfile.readline(), 16):
            body += self.rfile.read(length)
            self.rfile.readline()
        trailers = 0
        while self.rfile.readline().strip():
            trailers += 1
        print("announced ", ", ".join(self.headers.get_all("Trailer")))
        for line in body.split(bytes(8))[1].replace(b"partLambda", b"part\r\nLambda").split(b"\r\n"):
            if line:
                print("body      ", line.decode())
        print("trailers  ", trailers, flush=True)
        open("responded", "w").close()
        self.send_response(202)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), RuntimeApi)
variables = {
    "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{server.server_port}",
    "AWS_LAMBDA_FUNCTION_NAME": "f",
    "AWS_LAMBDA_FUNCTION_VERSION": "1",
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "128",
    "AWS_LAMBDA_LOG_GROUP_NAME": "g",
    "AWS_LAMBDA_LOG_STREAM_NAME": "s",
}
subprocess.Popen(["timeout", "60", "target/debug/streaming"], env={**os.environ, **variables}, stderr=subprocess.DEVNULL)
server.serve_forever()
PY
cargo build --quiet
timeout 60 python3 runtime_api.py | tee seen
diff seen - <<'SEEN'
announced  Lambda-Runtime-Function-Error-Type, Lambda-Runtime-Function-Error-Body
body       first part
body       Lambda-Runtime-Function-Error-Type: Runtime.StreamError
body       Lambda-Runtime-Function-Error-Body: dGhlIGRhdGFiYXNlIGlzIGdvbmU=
trailers   0
SEEN
