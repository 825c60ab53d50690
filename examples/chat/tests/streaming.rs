//! The chat under `cargo run`: the client gets the first token before the model has written the second.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};

/// The running program. It is killed when the test ends.
struct Program(Child);

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn client_gets_each_token_when_it_is_written() {
    let model = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = model.local_addr().expect("an address");
    let mut command = Command::new(env!("CARGO_BIN_EXE_chat"));
    command.env("PORT", "0").env("MODEL_ADDRESS", address.to_string()).stderr(Stdio::piped());
    let mut program = Program(command.spawn().expect("the program starts"));
    let mut lines = BufReader::new(program.0.stderr.take().expect("its output")).lines();
    let address = lines.find_map(|line| {
        let line = line.expect("a line");
        Some(line.split_once("http://")?.1.split(',').next()?.to_owned())
    });
    let mut client = TcpStream::connect(address.expect("an address")).expect("the port");
    client.write_all(b"GET /chat/why HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").expect("a request");
    let (model, _) = model.accept().expect("the endpoint asks");
    let mut model = BufReader::new(model);
    let mut question = String::new();
    model.read_line(&mut question).expect("a question");
    assert_eq!(question, "why\n");

    model.get_mut().write_all(b"be\n").expect("a token");
    let mut client = BufReader::new(client);
    let first = client.by_ref().lines().map(|line| line.expect("a line")).find(|line| line.starts_with("data: "));
    assert_eq!(first.as_deref(), Some("data: be"));

    // Only now the model writes the second token.
    model.get_mut().write_all(b"cause\nEND\n").expect("a token");
    let mut rest = String::new();
    client.read_to_string(&mut rest).expect("the rest");
    assert!(rest.contains("data: cause") && rest.ends_with("0\r\n\r\n"), "{rest}");
}
