//! Opens connections: looks up the name, filters the addresses by policy, races the rest (RFC
//! 8305), asks a proxy for a tunnel, and negotiates TLS.

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, SocketAddr, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags};
use socket2::{Domain, Protocol, Type};
use url::Url;

use super::lookup::{Lookup, Names, literal};
use super::pool::{Key, Place, Pool};
use super::socket::{Patience, Socket, timespec};
use super::tls::{TlsConfig, TlsSettings};
use super::tunnel::{self, Destination};
use super::{Connection, Lease};
use crate::error::{Error, ProxyFault};
use crate::exchange::Exchange;
use crate::exchange::deadline::Deadline;
use crate::limits::Phase;
use crate::proxy::{Proxies, Proxy};

/// How many addresses of a name are tried at most.
const MAX_ADDRESSES: usize = 16;

/// How long to wait for one address before the next is tried in parallel: the Connection Attempt
/// Delay of RFC 8305, section 5.
const ATTEMPT_DELAY: Duration = Duration::from_millis(250);

/// How often a connecting thread checks for cancellation. Shutting down a socket that is still
/// connecting wakes nobody on some systems.
const CANCEL_CHECK: Duration = Duration::from_millis(20);

/// How many names are kept in [`Dialer::answered`].
const MAX_REMEMBERED: usize = 256;

/// Opens connections for one client.
pub(crate) struct Dialer {
    names: Names,
    tls: TlsConfig,
    proxies: Proxies,
    /// For each name, the address that answered last time, which is tried first the next time:
    /// after `example.com` = [2001:db8::1, 192.0.2.1] answered at 192.0.2.1, because IPv6 is broken
    /// here, later connections do not wait [`ATTEMPT_DELAY`] for the other one.
    answered: Mutex<HashMap<String, IpAddr>>,
}

/// How long opening a connection took.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct DialTimes {
    pub lookup: Duration,
    pub connect: Duration,
}

impl Dialer {
    pub(crate) fn new(lookup: Option<Lookup>, tls: TlsSettings, proxies: Proxies) -> Self {
        Dialer {
            names: Names::new(lookup),
            tls: TlsConfig::new(tls),
            proxies,
            answered: Mutex::default(),
        }
    }

    /// Ends the threads for name lookup once they are idle.
    pub(crate) fn shut_down(&self) {
        self.names.shut_down();
    }

    /// Opens a connection to the host of a URL.
    pub(crate) fn dial(
        &self,
        pool: &Arc<Pool>,
        key: &Key,
        url: &Url,
        exchange: &Arc<Exchange>,
        times: &mut DialTimes,
    ) -> Result<Lease, Error> {
        exchange.cancel.check()?;
        let place = pool.reserve()?;
        let started = Instant::now();
        let route = self.route(key, url, exchange);
        times.lookup += started.elapsed();
        let route = route?;
        let started = Instant::now();
        let opening = Opening {
            dialer: self,
            pool,
            key,
            url,
            exchange,
            deadline: exchange.deadlines.begin(Phase::Connect),
        };
        let lease = opening.along(route, place);
        times.connect += started.elapsed();
        lease
    }

    /// How to reach the host of a URL: directly, or through a proxy.
    fn route(&self, key: &Key, url: &Url, exchange: &Exchange) -> Result<Route<'_>, Error> {
        let Some(proxy) = self.proxies.of(url) else {
            return Ok(Route {
                addresses: self.addresses(key, url, exchange)?,
                proxy: None,
            });
        };
        let host = url.host_str().unwrap_or_default();
        let destinations = match literal(host) {
            None if proxy.takes_names() => {
                let port = url.port_or_known_default().unwrap_or_default();
                vec![Destination::Name(host.to_owned(), port)]
            }
            // An address that is known here is filtered here.
            _ => {
                let addresses = self.addresses(key, url, exchange)?;
                addresses.into_iter().map(Destination::Address).collect()
            }
        };
        // The embedder chose the proxy, so its own addresses are not filtered.
        let host = proxy.host();
        let addresses = self.names.find(exchange, &host)?;
        let addresses = addresses.into_iter().take(MAX_ADDRESSES);
        let mut addresses: Vec<_> = addresses
            .map(|address| SocketAddr::new(address, proxy.port()))
            .collect();
        if addresses.is_empty() {
            return Err(Error::NoAddress(host));
        }
        self.order(&mut addresses, &host);
        Ok(Route {
            addresses,
            proxy: Some((proxy, destinations)),
        })
    }

    /// The addresses to try: only those that the policy permits.
    fn addresses(
        &self,
        key: &Key,
        url: &Url,
        exchange: &Exchange,
    ) -> Result<Vec<SocketAddr>, Error> {
        let host = url.host_str().unwrap_or_default();
        let port = url.port_or_known_default().unwrap_or_default();
        let mut refused = None;
        let mut allowed = Vec::new();
        for address in self.names.find(exchange, host)? {
            let address = SocketAddr::new(address, port);
            match exchange.policy.refusal(url, key.public_only, address) {
                Some(denied) => refused = refused.or(Some(Error::Denied(denied))),
                None if allowed.len() < MAX_ADDRESSES => allowed.push(address),
                None => break,
            }
        }
        if allowed.is_empty() {
            return Err(refused.unwrap_or_else(|| Error::NoAddress(host.to_owned())));
        }
        self.order(&mut allowed, host);
        Ok(allowed)
    }

    fn order(&self, addresses: &mut Vec<SocketAddr>, host: &str) {
        if addresses.len() > 1 {
            let first = self.remembered().get(host).copied();
            order(addresses, first);
        }
    }

    fn remembered(&self) -> MutexGuard<'_, HashMap<String, IpAddr>> {
        self.answered.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes which address of a host answered.
    fn remember(&self, host: &str, address: IpAddr) {
        let mut answered = self.remembered();
        if answered.len() >= MAX_REMEMBERED {
            answered.clear();
        }
        answered.insert(host.to_owned(), address);
    }
}

/// One connection that is being opened.
struct Opening<'a> {
    dialer: &'a Dialer,
    pool: &'a Arc<Pool>,
    key: &'a Key,
    url: &'a Url,
    exchange: &'a Arc<Exchange>,
    deadline: Deadline,
}

impl Opening<'_> {
    /// Follows a route to its end, and negotiates TLS there.
    fn along(&self, route: Route<'_>, place: Place) -> Result<Lease, Error> {
        let mut lease = match route.proxy {
            None => self.directly(&route.addresses, place),
            Some((proxy, destinations)) => {
                self.through(proxy, &route.addresses, &destinations, place)
            }
        }?;
        if self.url.scheme() == "https" {
            lease.start_tls(&self.dialer.tls, self.url, self.patience())?;
        }
        Ok(lease)
    }

    /// During handshakes the connect deadline applies, and not the timeout for silence.
    fn patience(&self) -> Patience {
        Patience::Until(self.deadline, Phase::Total)
    }

    fn directly(&self, addresses: &[SocketAddr], place: Place) -> Result<Lease, Error> {
        let host = self.url.host_str().unwrap_or_default();
        let (stream, peer) = self.reach(addresses, host)?;
        let connection = Connection {
            socket: Socket::new(stream, peer),
            tls: None,
            server: Some(peer),
            forwarder: None,
        };
        self.lease(connection, place)
    }

    /// Through a proxy, which is asked for one destination after the other until it reaches one.
    fn through(
        &self,
        proxy: &Arc<Proxy>,
        addresses: &[SocketAddr],
        destinations: &[Destination],
        place: Place,
    ) -> Result<Lease, Error> {
        let forwards = proxy.forwards(self.url);
        let mut place = Some(place);
        let mut refused = None;
        for destination in destinations {
            let place = place.take().map_or_else(|| self.pool.reserve(), Ok)?;
            let reached = self.reach(addresses, &proxy.host());
            let (stream, peer) = reached.map_err(|error| match error {
                Error::Connect { source, .. } => ProxyFault::Connect(source).of(proxy),
                error => error,
            })?;
            let connection = Connection {
                socket: Socket::new(stream, peer),
                tls: None,
                server: destination.address(),
                forwarder: forwards.then(|| proxy.clone()),
            };
            let mut lease = self.lease(connection, place)?;
            if forwards {
                return Ok(lease);
            }
            match tunnel::open(&mut lease, proxy, destination, self.patience()) {
                Ok(()) => return Ok(lease),
                Err(error) if error.is_of_address() => refused = Some(error),
                Err(error) => return Err(error),
            }
        }
        let host = self.url.host_str().unwrap_or_default();
        Err(refused.unwrap_or_else(|| Error::NoAddress(host.to_owned())))
    }

    fn lease(&self, connection: Connection, place: Place) -> Result<Lease, Error> {
        Lease::new(
            connection,
            self.exchange.clone(),
            place,
            self.key.clone(),
            false,
        )
    }

    /// Connects to one of the addresses of a host.
    fn reach(
        &self,
        addresses: &[SocketAddr],
        host: &str,
    ) -> Result<(TcpStream, SocketAddr), Error> {
        let race = || race(addresses, self.exchange, self.deadline);
        let (stream, peer) = match race() {
            // Out of file descriptors: close idle connections before failing the request.
            Err(error) if error.is_shortage() && self.pool.close_idle() => race()?,
            result => result?,
        };
        if addresses.len() > 1 {
            self.dialer.remember(host, peer.ip());
        }
        Ok((stream, peer))
    }
}

/// How to reach a server.
struct Route<'a> {
    /// What to connect to: the server's addresses, or those of the proxy.
    addresses: Vec<SocketAddr>,
    /// The proxy, and the destinations to ask it for, in the order in which they are tried.
    proxy: Option<(&'a Arc<Proxy>, Vec<Destination>)>,
}

/// Sorts addresses by RFC 8305, section 4: alternating between IPv6 and IPv4, starting with the
/// family of the first, but with the address that answered last time in front.
fn order(addresses: &mut Vec<SocketAddr>, answered: Option<IpAddr>) {
    let is_ipv6 = addresses.first().is_some_and(SocketAddr::is_ipv6);
    let (first, second): (Vec<_>, Vec<_>) = addresses
        .iter()
        .copied()
        .partition(|address| address.is_ipv6() == is_ipv6);
    addresses.clear();
    let (mut first, mut second) = (first.into_iter(), second.into_iter());
    loop {
        let before = addresses.len();
        addresses.extend(first.next());
        addresses.extend(second.next());
        if addresses.len() == before {
            break;
        }
    }
    if let Some(index) = addresses.iter().position(|it| Some(it.ip()) == answered) {
        addresses[..=index].rotate_right(1);
    }
}

/// Connects to the first address that answers. The next address is tried after [`ATTEMPT_DELAY`],
/// or at once if the one before fails.
fn race(
    addresses: &[SocketAddr],
    exchange: &Exchange,
    deadline: Deadline,
) -> Result<(TcpStream, SocketAddr), Error> {
    let mut waiting = addresses.iter();
    let mut attempts: Vec<(socket2::Socket, SocketAddr)> = Vec::new();
    let mut failed = None;
    let mut next = Some(Instant::now());
    loop {
        exchange.cancel.check()?;
        let now = Instant::now();
        if next.is_some_and(|next| next <= now) {
            next = waiting.next().map(|address| {
                match begin(*address) {
                    Ok(socket) => attempts.push((socket, *address)),
                    Err(error) => {
                        failed = Some(connect_error(*address, error));
                        return now;
                    }
                }
                now + ATTEMPT_DELAY
            });
            continue;
        }
        if attempts.is_empty() {
            if next.is_none() {
                return Err(failed.unwrap_or(Error::NoAddress(String::new())));
            }
            next = Some(now);
            continue;
        }
        let until = next.map_or(CANCEL_CHECK, |next| (next - now).min(CANCEL_CHECK));
        let until = deadline.left()?.map_or(until, |left| left.min(until));
        let ready = {
            let mut polls: Vec<PollFd<'_>> = attempts
                .iter()
                .map(|(socket, _)| PollFd::new(socket, PollFlags::OUT))
                .collect();
            match rustix::event::poll(&mut polls, timespec(Some(until)).as_ref()) {
                Ok(0) | Err(rustix::io::Errno::INTR) => None,
                Ok(_) => polls.iter().position(|poll| !poll.revents().is_empty()),
                Err(error) => return Err(Error::Socket(Arc::new(error.into()))),
            }
        };
        if let Some(index) = ready {
            let (socket, address) = attempts.swap_remove(index);
            match finish(socket) {
                Ok(stream) => return Ok((stream, address)),
                Err(error) => {
                    tracing::debug!(%address, %error, "cannot connect");
                    failed = Some(connect_error(address, error));
                    next = next.map(|_| now);
                }
            }
        }
    }
}

fn begin(address: SocketAddr) -> io::Result<socket2::Socket> {
    let socket = socket2::Socket::new(
        Domain::for_address(address),
        Type::STREAM,
        Some(Protocol::TCP),
    )?;
    socket.set_nonblocking(true)?;
    match socket.connect(&address.into()) {
        Ok(()) => Ok(socket),
        Err(error) if is_in_progress(&error) => Ok(socket),
        Err(error) => Err(error),
    }
}

fn is_in_progress(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::WouldBlock
        || error.kind() == io::ErrorKind::Interrupted
        || error.raw_os_error() == Some(rustix::io::Errno::INPROGRESS.raw_os_error())
}

fn finish(socket: socket2::Socket) -> io::Result<TcpStream> {
    if let Some(error) = socket.take_error()? {
        return Err(error);
    }
    socket.set_nonblocking(false)?;
    // Requests are written in as few pieces as possible, so Nagle's algorithm would only delay
    // them.
    socket.set_tcp_nodelay(true)?;
    Ok(socket.into())
}

fn connect_error(address: SocketAddr, error: io::Error) -> Error {
    Error::Connect {
        address,
        source: Arc::new(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn families_take_turns_and_what_answered_is_in_front() {
        let cases = [
            ("::1 ::2 1.1.1.1 2.2.2.2", None, "::1 1.1.1.1 ::2 2.2.2.2"),
            ("1.1.1.1 ::1 ::2 ::3", None, "1.1.1.1 ::1 ::2 ::3"),
            ("::1 ::2 1.1.1.1", Some("1.1.1.1"), "1.1.1.1 ::1 ::2"),
            ("::1 ::2 1.1.1.1", Some("9.9.9.9"), "::1 1.1.1.1 ::2"),
            ("1.1.1.1", Some("1.1.1.1"), "1.1.1.1"),
        ];
        let parse = |text: &str| -> Vec<SocketAddr> {
            let addresses = text.split(' ').map(|ip| ip.parse::<IpAddr>().unwrap());
            addresses.map(|ip| SocketAddr::new(ip, 80)).collect()
        };
        for (given, answered, expected) in cases {
            let mut addresses = parse(given);
            order(&mut addresses, answered.map(|ip| ip.parse().unwrap()));
            assert_eq!(addresses, parse(expected), "{given}");
        }
    }
}
