//! Idle connections: one that is dead says nothing about the others of its origin.

use std::io;
use std::sync::mpsc;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use wasi_experimental_http_test_server::RawConn;

use crate::common::servers::{Played, answer_with_target, plain_and_tls};
use crate::guest;

const IDLE: usize = 4;

const SOON: Duration = Duration::from_secs(20);

/// What becomes of a connection whose number is in the target of its first request.
#[derive(Debug, Clone, Copy)]
enum Death {
    /// It is closed while it is idle.
    Closed,
    /// Bytes come that nobody asked for.
    Unsolicited,
    /// It is closed when the next request has been read.
    ClosedByTheNextRequest,
}

const DEATHS: [Death; 3] = [
    Death::Closed,
    Death::Unsolicited,
    Death::ClosedByTheNextRequest,
];

/// Answers `/DEATH` once, dies of it when it is released, and answers all else.
fn script(conn: &mut RawConn<'_>, dead: &Arc<Mutex<mpsc::Sender<()>>>) -> io::Result<()> {
    loop {
        let request = conn.read_request()?;
        answer_with_target(conn, &request.target)?;
        let Ok(death) = request.target[1..].parse::<usize>() else {
            continue;
        };
        match DEATHS[death] {
            Death::Closed => {
                conn.wait_for_release(None)?;
                conn.close()?;
            }
            Death::Unsolicited => {
                conn.wait_for_release(None)?;
                conn.write_together(&[b"x"])?;
            }
            Death::ClosedByTheNextRequest => {}
        }
        dead.lock().unwrap().send(()).unwrap();
        conn.read_request()?;
        return conn.close();
    }
}

#[test]
fn one_dead_idle_connection_leaves_the_others_of_its_origin_open() {
    let (sender, dead) = mpsc::channel();
    let sender = Arc::new(Mutex::new(sender));
    let played = plain_and_tls(move |conn| script(conn, &sender));
    for Played { server, client, .. } in &played {
        for (number, death) in DEATHS.iter().enumerate() {
            for position in 0..IDLE {
                let before = server.connections();
                let mut one = guest(client);
                let handles: Vec<u32> = (0..IDLE)
                    .map(|index| {
                        let target = if index == position {
                            format!("/{number}")
                        } else {
                            "/live".to_owned()
                        };
                        one.open(&server.url(&target))
                    })
                    .collect();
                let context = format!("{death:?} at {position}");
                assert_eq!(server.connections() - before, IDLE as u64, "{context}");
                for handle in handles {
                    one.read_all(handle).unwrap();
                }
                if !matches!(death, Death::ClosedByTheNextRequest) {
                    server.release();
                }
                dead.recv_timeout(SOON).unwrap();
                // As many at once as before: the dead one is replaced, and no other.
                let mut two = guest(client);
                let handles: Vec<u32> =
                    (0..IDLE).map(|_| two.open(&server.url("/again"))).collect();
                for handle in handles {
                    assert_eq!(two.read_all(handle).unwrap(), b"/again", "{context}");
                }
                assert_eq!(server.connections() - before, IDLE as u64 + 1, "{context}");
                server.close_connections();
                server.wait_for_open_connections(0);
            }
        }
    }
}
