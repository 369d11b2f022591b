//! Handshakes with proxies: `CONNECT` (RFC 9110, section 9.3.6), and SOCKS5 (RFC 1928) with the
//! passwords of RFC 1929.

use std::net::{IpAddr, SocketAddr};

use http::StatusCode;

use super::{Lease, Patience};
use crate::error::{Error, ProxyFault};
use crate::head::Head;
use crate::limits::MAX_RAW_HEAD_BYTES;
use crate::proxy::{Credentials, Protocol, Proxy};

/// Where a proxy is to connect to.
#[derive(Debug, Clone)]
pub(super) enum Destination {
    /// A name that the proxy looks up, and a port.
    Name(String, u16),
    Address(SocketAddr),
}

impl Destination {
    pub(super) fn address(&self) -> Option<SocketAddr> {
        match self {
            Destination::Name(..) => None,
            Destination::Address(address) => Some(*address),
        }
    }

    /// The form for `CONNECT` and `Host`.
    fn authority(&self) -> String {
        match self {
            Destination::Name(name, port) => format!("{name}:{port}"),
            Destination::Address(address) => address.to_string(),
        }
    }
}

/// Asks a proxy to connect to a server.
pub(super) fn open(
    lease: &mut Lease,
    proxy: &Proxy,
    destination: &Destination,
    patience: Patience,
) -> Result<(), Error> {
    let mut tunnel = Tunnel { lease, patience };
    let opened = match proxy.protocol() {
        Protocol::Http => tunnel.connect(proxy.authorization(), destination),
        Protocol::Socks5 | Protocol::Socks5h => tunnel.socks(proxy.credentials(), destination),
    };
    opened.map_err(|failure| match failure {
        Failure::Fault(fault) => fault.of(proxy),
        Failure::Error(error) if error.is_disconnect() => ProxyFault::Closed.of(proxy),
        Failure::Error(error) => error,
    })
}

/// Why there is no tunnel.
enum Failure {
    Fault(ProxyFault),
    Error(Error),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Failure::Error(error)
    }
}

impl From<ProxyFault> for Failure {
    fn from(fault: ProxyFault) -> Self {
        Failure::Fault(fault)
    }
}

struct Tunnel<'a> {
    lease: &'a mut Lease,
    patience: Patience,
}

impl Tunnel<'_> {
    fn send(&mut self, mut bytes: &[u8]) -> Result<(), Failure> {
        while !bytes.is_empty() {
            let count = self.lease.write(bytes, self.patience)?;
            bytes = &bytes[count..];
        }
        Ok(())
    }

    fn connect(
        &mut self,
        authorization: Option<String>,
        destination: &Destination,
    ) -> Result<(), Failure> {
        let authority = destination.authority();
        let authorization = authorization.map_or_else(String::new, |value| {
            format!("Proxy-Authorization: {value}\r\n")
        });
        self.send(
            format!("CONNECT {authority} HTTP/1.1\r\nHost: {authority}\r\n{authorization}\r\n")
                .as_bytes(),
        )?;
        let head = self.head()?;
        match head.status {
            StatusCode::PROXY_AUTHENTICATION_REQUIRED => Err(ProxyFault::Credentials.into()),
            status if !status.is_success() => Err(ProxyFault::Status(status.as_u16()).into()),
            // TLS reads from the socket, so no byte of the server may have arrived here.
            _ if !self.lease.input.waiting().is_empty() => {
                Err(ProxyFault::Protocol("bytes behind the answer to CONNECT".to_owned()).into())
            }
            _ => Ok(()),
        }
    }

    /// The head of the proxy's response. Framing fields in a response to `CONNECT` are ignored.
    fn head(&mut self) -> Result<Head, Failure> {
        loop {
            match super::unanswered::next_head(self.lease) {
                Ok(Some(head)) => return Ok(head),
                Ok(None) => {}
                Err(error) => return Err(ProxyFault::Protocol(error.to_string()).into()),
            }
            match self.lease.fill(MAX_RAW_HEAD_BYTES, self.patience) {
                Ok(0) => return Err(ProxyFault::Closed.into()),
                Ok(_) => {}
                Err(error @ Error::BufferFull { .. }) => {
                    return Err(ProxyFault::Protocol(error.to_string()).into());
                }
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Reads exactly `LEN` bytes.
    fn receive<const LEN: usize>(&mut self) -> Result<[u8; LEN], Failure> {
        let mut bytes = [0; LEN];
        self.receive_into(&mut bytes)?;
        Ok(bytes)
    }

    fn receive_into(&mut self, bytes: &mut [u8]) -> Result<(), Failure> {
        let mut filled = 0;
        while filled < bytes.len() {
            match self.lease.read(&mut bytes[filled..], self.patience)? {
                0 => return Err(ProxyFault::Closed.into()),
                count => filled += count,
            }
        }
        Ok(())
    }

    fn socks(
        &mut self,
        credentials: Option<&Credentials>,
        destination: &Destination,
    ) -> Result<(), Failure> {
        const VERSION: u8 = 5;
        const NO_AUTHENTICATION: u8 = 0;
        const PASSWORD: u8 = 2;
        const NO_METHOD: u8 = 0xff;
        let wrong = |what: &str| ProxyFault::Protocol(format!("{what} is not of SOCKS5"));

        self.send(match credentials {
            None => &[VERSION, 1, NO_AUTHENTICATION],
            Some(_) => &[VERSION, 2, NO_AUTHENTICATION, PASSWORD],
        })?;
        match (self.receive()?, credentials) {
            ([VERSION, NO_AUTHENTICATION], _) => {}
            ([VERSION, PASSWORD], Some(credentials)) => self.authenticate(credentials)?,
            ([VERSION, NO_METHOD], _) => return Err(ProxyFault::Credentials.into()),
            _ => return Err(wrong("its choice of a method").into()),
        }

        const CONNECT: u8 = 1;
        const RESERVED: u8 = 0;
        let mut request = vec![VERSION, CONNECT, RESERVED];
        let port = match destination {
            Destination::Address(address) => {
                match address.ip() {
                    IpAddr::V4(ip) => {
                        request.push(ADDRESS_V4);
                        request.extend(ip.octets());
                    }
                    IpAddr::V6(ip) => {
                        request.push(ADDRESS_V6);
                        request.extend(ip.octets());
                    }
                }
                address.port()
            }
            Destination::Name(name, port) => {
                let len = u8::try_from(name.len())
                    .map_err(|_| ProxyFault::Protocol("a name of over 255 bytes".to_owned()))?;
                request.extend([ADDRESS_NAME, len]);
                request.extend(name.bytes());
                *port
            }
        };
        request.extend(port.to_be_bytes());
        self.send(&request)?;

        let [version, reply, _, kind] = self.receive()?;
        match (version, reply) {
            (VERSION, 0) => {}
            (VERSION, reply) => return Err(ProxyFault::Reply(reply).into()),
            _ => return Err(wrong("its answer").into()),
        }
        // The address that the proxy connects from, which is not needed.
        let len = match kind {
            ADDRESS_V4 => 4,
            ADDRESS_V6 => 16,
            ADDRESS_NAME => usize::from(self.receive::<1>()?[0]),
            _ => return Err(wrong("the address in its answer").into()),
        };
        let mut bound = [0; u8::MAX as usize + PORT];
        self.receive_into(&mut bound[..len + PORT])
    }

    fn authenticate(&mut self, credentials: &Credentials) -> Result<(), Failure> {
        const VERSION: u8 = 1;
        let mut message = vec![VERSION];
        for text in [&credentials.user, &credentials.password] {
            // `Proxy` rejects longer ones.
            message.push(u8::try_from(text.len()).unwrap_or(u8::MAX));
            message.extend(text.bytes().take(u8::MAX.into()));
        }
        self.send(&message)?;
        match self.receive()? {
            [_, 0] => Ok(()),
            [_, _] => Err(ProxyFault::Credentials.into()),
        }
    }
}

/// The kinds of addresses in SOCKS5 (RFC 1928, section 5).
const ADDRESS_V4: u8 = 1;
const ADDRESS_NAME: u8 = 3;
const ADDRESS_V6: u8 = 4;

/// The bytes of a port.
const PORT: usize = 2;
