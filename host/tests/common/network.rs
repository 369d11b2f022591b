//! Networks that are worse than loopback.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::thread;
use std::time::Duration;

use socket2::{Domain, Socket, Type};

/// A listener to which no connection can be made: it accepts none, and its queue is full.
pub struct FullListener {
    pub address: SocketAddr,
    _socket: Socket,
    _queue: Vec<TcpStream>,
}

pub fn full_listener() -> FullListener {
    full_listener_at(SocketAddr::from(([127, 0, 0, 1], 0)))
}

/// The same at an address of the test's choice; 0 is any port.
pub fn full_listener_at(address: SocketAddr) -> FullListener {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    socket.bind(&address.into()).unwrap();
    socket.listen(0).unwrap();
    let address = socket.local_addr().unwrap().as_socket().unwrap();
    let mut queue = Vec::new();
    while let Ok(stream) = TcpStream::connect_timeout(&address, Duration::from_millis(300)) {
        queue.push(stream);
        assert!(queue.len() < 100, "the queue is never full");
    }
    FullListener {
        address,
        _socket: socket,
        _queue: queue,
    }
}

/// Stands before a server, and passes on what it sends a byte at a time once it has passed on
/// `quick` bytes. Gives the port.
pub fn dripping_proxy(server: u16, quick: usize) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        // One connection: the threads end with it.
        let (mut client, _) = listener.accept().unwrap();
        let mut server = TcpStream::connect(("127.0.0.1", server)).unwrap();
        let (mut from_client, mut to_server) =
            (client.try_clone().unwrap(), server.try_clone().unwrap());
        thread::spawn(move || {
            // The end of the client is the end of the server.
            let _ = std::io::copy(&mut from_client, &mut to_server);
            let _ = to_server.shutdown(Shutdown::Both);
        });
        client.set_nodelay(true).unwrap();
        let mut passed = 0;
        let mut buffer = [0; 1024];
        loop {
            let room = quick.saturating_sub(passed).clamp(1, buffer.len());
            let Ok(count @ 1..) = server.read(&mut buffer[..room]) else {
                break;
            };
            if passed >= quick {
                thread::sleep(DRIP);
            }
            if client.write_all(&buffer[..count]).is_err() {
                break;
            }
            passed += count;
        }
    });
    port
}

/// The time between two bytes: less than any timeout of a test, so that none is silence.
pub const DRIP: Duration = Duration::from_millis(20);
