//! Waits until a container's output has been read.

use std::io::{stderr, stdout};
use std::os::fd::{AsFd, BorrowedFd};
use std::thread;
use std::time::{Duration, Instant};

use rustix::fs::{FileType, fstat};
use rustix::io::ioctl_fionread;

/// How long nothing may be read before nobody is taken to read any more.
const PATIENCE: Duration = Duration::from_secs(5);

/// How often it is looked.
const INTERVAL: Duration = Duration::from_millis(1);

/// Waits until all that the container has written to stdout and stderr is read.
///
/// containerd's client, up to that of 1.6.20 at least, closes its ends of the two FIFOs once the container
/// has ended, and what is in them then is lost.
pub fn wait_until_read() {
    let (stdout, stderr) = (stdout(), stderr());
    let unread = || unread(stdout.as_fd()) + unread(stderr.as_fd());
    let mut left = unread();
    let mut since = Instant::now();
    while left > 0 && since.elapsed() < PATIENCE {
        thread::sleep(INTERVAL);
        let now = unread();
        if now != left {
            (left, since) = (now, Instant::now());
        }
    }
}

/// How many bytes a FIFO holds; 0 of anything else, such as a file or a terminal.
fn unread(output: BorrowedFd<'_>) -> u64 {
    let is_fifo =
        fstat(output).is_ok_and(|it| FileType::from_raw_mode(it.st_mode) == FileType::Fifo);
    match ioctl_fionread(output) {
        Ok(bytes) if is_fifo => bytes,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};

    use super::*;

    #[test]
    fn what_a_fifo_holds_is_counted_until_it_is_read() {
        let (mut reader, mut writer) = std::io::pipe().unwrap();
        assert_eq!(unread(writer.as_fd()), 0);
        writer.write_all(b"at the end").unwrap();
        assert_eq!(unread(writer.as_fd()), 10);
        let mut read = [0; 4];
        reader.read_exact(&mut read).unwrap();
        assert_eq!(unread(writer.as_fd()), 6);
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(b"kept").unwrap();
        std::io::Seek::rewind(&mut file).unwrap();
        assert_eq!(unread(file.as_fd()), 0);
    }
}
