//! A slow connection to a server, such as that of a home: uploads share a limited rate, downloads are not limited.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

/// Bytes that are sent at once.
const CHUNK_BYTES: usize = 4_096;

/// A connection with a limited rate. It listens until the program ends.
#[derive(Debug)]
pub struct SlowLink {
    endpoint: String,
}

impl SlowLink {
    /// Starts to listen. `upstream` is the URL of the server, and all connections to it share `bytes_per_second`.
    pub fn start(upstream: &str, bytes_per_second: u32) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
        let endpoint = format!("http://{}", listener.local_addr().expect("an address"));
        let upstream = upstream.trim_start_matches("http://").to_owned();
        let per_byte = Duration::from_secs(1) / bytes_per_second;
        let line = Arc::new(Mutex::new(()));
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let line = Arc::clone(&line);
                let upstream = upstream.clone();
                thread::spawn(move || pass_on(client, &upstream, per_byte, &line));
            }
        });
        Self { endpoint }
    }

    /// Returns the URL of this end of the connection.
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }
}

fn pass_on(mut client: TcpStream, upstream: &str, per_byte: Duration, line: &Mutex<()>) {
    let Ok(mut server) = TcpStream::connect(upstream) else { return };
    let (Ok(mut responses), Ok(mut back)) = (server.try_clone(), client.try_clone()) else { return };
    thread::spawn(move || {
        let _ = std::io::copy(&mut responses, &mut back);
        let _ = back.shutdown(Shutdown::Both);
    });
    let mut chunk = [0; CHUNK_BYTES];
    while let Ok(bytes @ 1..) = client.read(&mut chunk) {
        {
            let _line = line.lock().unwrap_or_else(PoisonError::into_inner);
            thread::sleep(per_byte * u32::try_from(bytes).unwrap_or_default());
        }
        if server.write_all(&chunk[..bytes]).is_err() {
            break;
        }
    }
    let _ = server.shutdown(Shutdown::Write);
}
