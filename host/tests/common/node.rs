//! Servers and proxies that others wrote, which run in Node.js.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

/// A program that prints its port, and runs until this is dropped.
pub struct Node {
    process: Child,
    pub port: u16,
}

impl Node {
    pub fn start<A: AsRef<OsStr>>(arguments: impl IntoIterator<Item = A>) -> Node {
        let mut process = Command::new("node")
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("Node.js, which the tests need, cannot be started");
        let mut port = String::new();
        let mut stdout = BufReader::new(process.stdout.take().unwrap());
        stdout.read_line(&mut port).unwrap();
        let port = port.trim().parse().expect("a port");
        Node { process, port }
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        // It ends with its stdin.
        drop(self.process.stdin.take());
        let _ = self.process.wait();
    }
}
