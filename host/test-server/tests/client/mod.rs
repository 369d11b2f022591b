//! A client that shows every byte: plain TCP, or rustls over it.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::sync::Arc;

use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use wasi_experimental_http_test_server::{TestCa, TestServer};

pub trait Io: Read + Write {}
impl<T: Read + Write> Io for T {}

pub struct Client {
    pub stream: BufReader<Box<dyn Io>>,
}

#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: Vec<(String, Vec<u8>)>,
    pub body: Vec<u8>,
}

impl Answer {
    pub fn values(&self, name: &str) -> Vec<&[u8]> {
        self.headers
            .iter()
            .filter(|(field, _)| field.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_slice())
            .collect()
    }

    pub fn text(&self) -> &str {
        str::from_utf8(&self.body).unwrap()
    }
}

pub fn tls(server: &TestServer, ca: &TestCa, name: &str) -> std::io::Result<Client> {
    let mut roots = RootCertStore::empty();
    roots.add(ca.der()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = ServerName::try_from(name.to_owned()).unwrap();
    let mut connection = ClientConnection::new(Arc::new(config), name).unwrap();
    let mut socket = TcpStream::connect(("127.0.0.1", server.port())).unwrap();
    while connection.is_handshaking() {
        connection.complete_io(&mut socket)?;
    }
    Ok(Client {
        stream: BufReader::new(Box::new(StreamOwned::new(connection, socket))),
    })
}

impl Client {
    pub fn plain(server: &TestServer) -> Client {
        let socket = TcpStream::connect(("127.0.0.1", server.port())).unwrap();
        socket.set_nodelay(true).unwrap();
        Client {
            stream: BufReader::new(Box::new(socket)),
        }
    }

    pub fn send(&mut self, bytes: &[u8]) {
        self.stream.get_mut().write_all(bytes).unwrap();
        self.stream.get_mut().flush().unwrap();
    }

    /// Sends a request without a body and reads the answer.
    pub fn exchange(&mut self, method: &str, target: &str) -> Answer {
        self.send(format!("{method} {target} HTTP/1.1\r\nHost: a\r\n\r\n").as_bytes());
        self.answer(method == "HEAD")
    }

    pub fn get(&mut self, target: &str) -> Answer {
        self.exchange("GET", target)
    }

    pub fn head(&mut self) -> Answer {
        let status = self.line();
        let mut answer = Answer {
            status: status[9..12].parse().unwrap(),
            headers: Vec::new(),
            body: Vec::new(),
        };
        assert!(status.starts_with("HTTP/1.1 "), "{status}");
        loop {
            let mut line = Vec::new();
            self.stream.read_until(b'\n', &mut line).unwrap();
            let line = line.strip_suffix(b"\r\n").unwrap();
            if line.is_empty() {
                return answer;
            }
            let colon = line.iter().position(|byte| *byte == b':').unwrap();
            let name = String::from_utf8(line[..colon].to_vec()).unwrap();
            answer
                .headers
                .push((name, line[colon + 1..].trim_ascii().to_vec()));
        }
    }

    pub fn answer(&mut self, head: bool) -> Answer {
        let mut answer = self.head();
        if head || matches!(answer.status, 100..=199 | 204 | 304) {
            return answer;
        }
        let length = answer
            .values("content-length")
            .first()
            .map(|length| String::from_utf8_lossy(length).parse::<u64>().unwrap());
        if let Some(length) = length {
            let mut body = Vec::new();
            (&mut self.stream)
                .take(length)
                .read_to_end(&mut body)
                .unwrap();
            answer.body = body;
        } else if answer.values("transfer-encoding") == [b"chunked"] {
            loop {
                let size = u64::from_str_radix(&self.line(), 16).unwrap();
                (&mut self.stream)
                    .take(size)
                    .read_to_end(&mut answer.body)
                    .unwrap();
                assert_eq!(self.line(), "");
                if size == 0 {
                    break;
                }
            }
        } else {
            self.stream.read_to_end(&mut answer.body).unwrap();
        }
        answer
    }

    pub fn line(&mut self) -> String {
        let mut line = String::new();
        self.stream.read_line(&mut line).unwrap();
        line.strip_suffix("\r\n").unwrap().to_owned()
    }

    /// Whether the server has ended its direction.
    pub fn at_end(&mut self) -> bool {
        self.stream.fill_buf().unwrap().is_empty()
    }
}
