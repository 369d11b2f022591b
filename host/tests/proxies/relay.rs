//! Proxies that take down each byte that is meant for them.

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

/// A proxy that leads to this machine, whatever host it is asked for.
pub struct Relay {
    pub port: u16,
    said: Arc<Mutex<Vec<Vec<u8>>>>,
}

impl Relay {
    /// One of HTTP, for tunnels. It takes down the head of each `CONNECT`.
    pub fn connect() -> Relay {
        Relay::of(|client, said| {
            let head = read_head(client)?;
            let line = String::from_utf8_lossy(&head).into_owned();
            said(head);
            let authority = line.split(' ').nth(1).unwrap_or_default();
            let port = authority.rsplit(':').next().unwrap_or_default();
            let server =
                TcpStream::connect(("127.0.0.1", port.parse().map_err(io::Error::other)?))?;
            client.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n")?;
            Ok(server)
        })
    }

    /// One of SOCKS5, which wants a password if `password` is one. It takes down each message.
    pub fn socks(password: Option<&'static str>) -> Relay {
        Relay::of(move |client, said| {
            let greeting = read_counted(client, 1)?;
            let method = if password.is_some() { 2 } else { 0 };
            assert!(greeting[2..].contains(&method), "{greeting:?}");
            said(greeting);
            client.write_all(&[5, method])?;
            if let Some(password) = password {
                let mut message = read_counted(client, 1)?;
                message.extend(read_counted(client, 0)?);
                let is_right = message.ends_with(password.as_bytes());
                said(message);
                client.write_all(&[1, u8::from(!is_right)])?;
            }
            let mut request = read(client, 4)?;
            match request[3] {
                1 => request.extend(read(client, 4)?),
                4 => request.extend(read(client, 16)?),
                _ => request.extend(read_counted(client, 0)?),
            }
            let port = read(client, 2)?;
            let server = u16::from_be_bytes([port[0], port[1]]);
            request.extend(port);
            said(request);
            let server = TcpStream::connect(("127.0.0.1", server))?;
            // A name, which is rare.
            client.write_all(b"\x05\x00\x00\x03\x05relay\x00\x01")?;
            Ok(server)
        })
    }

    fn of<F>(lead: F) -> Relay
    where
        F: Fn(&mut TcpStream, &dyn Fn(Vec<u8>)) -> io::Result<TcpStream>,
        F: Send + Sync + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let said: Arc<Mutex<Vec<Vec<u8>>>> = Arc::default();
        let relay = Relay {
            port,
            said: said.clone(),
        };
        let lead = Arc::new(lead);
        // The threads end with the process, or with their connections.
        thread::spawn(move || {
            for client in listener.incoming() {
                let (Ok(mut client), lead, said) = (client, lead.clone(), said.clone()) else {
                    return;
                };
                thread::spawn(move || {
                    let say = |bytes| said.lock().unwrap().push(bytes);
                    if let Ok(server) = lead(&mut client, &say) {
                        pass_on(&client, &server);
                    }
                });
            }
        });
        relay
    }

    /// What it was sent so far, and not yet taken.
    pub fn said(&self) -> Vec<Vec<u8>> {
        std::mem::take(&mut *self.said.lock().unwrap())
    }

    pub fn text(&self) -> Vec<String> {
        let said = self.said().into_iter();
        said.map(|bytes| String::from_utf8(bytes).unwrap())
            .collect()
    }
}

fn pass_on(client: &TcpStream, server: &TcpStream) {
    let way = |mut from: TcpStream, mut to: TcpStream| {
        thread::spawn(move || {
            // The end of one side is that of the other.
            let _ = io::copy(&mut from, &mut to);
            let _ = to.shutdown(Shutdown::Write);
        });
    };
    let of = |stream: &TcpStream| stream.try_clone().unwrap();
    way(of(client), of(server));
    way(of(server), of(client));
}

fn read(stream: &mut TcpStream, len: usize) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; len];
    stream.read_exact(&mut bytes)?;
    Ok(bytes)
}

/// So many bytes, one with a length, and that many more.
fn read_counted(stream: &mut TcpStream, before: usize) -> io::Result<Vec<u8>> {
    let mut bytes = read(stream, before + 1)?;
    let len = bytes[before].into();
    bytes.extend(read(stream, len)?);
    Ok(bytes)
}

fn read_head(stream: &mut TcpStream) -> io::Result<Vec<u8>> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.extend(read(stream, 1)?);
    }
    Ok(head)
}
