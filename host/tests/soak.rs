//! A bounded run of the soak: sockets, threads, handles and memory at the end are those at the start.
//!
//! A test binary of its own, since what is measured is the whole process's.

// Where the system tells a process what it holds.
#![cfg(target_os = "linux")]

#[path = "../examples/soak.rs"]
mod soak;

/// What an allocator that serves several threads may keep more than before, however many requests
/// there were: less than 4 KiB for each request, of which many have buffers of 64 KiB and more.
const MEMORY_TOLERANCE: usize = 16 * 1024 * 1024;

#[test]
fn many_stores_and_faults_leave_nothing_behind() {
    const REQUESTS: u64 = 5_000;

    let figures = soak::soak(REQUESTS, 8);
    println!("{figures:#?}");
    let soak::Figures {
        requests,
        before,
        after,
        faults,
        ..
    } = figures;
    assert_eq!(requests, REQUESTS);
    assert_eq!(faults.iter().map(|(_, count)| count).sum::<u64>(), REQUESTS);
    assert!(faults.iter().all(|(_, count)| *count > 0), "{faults:?}");
    assert_eq!(before.files, after.files);
    assert_eq!(before.threads, after.threads);
    assert!(
        after.memory < before.memory + MEMORY_TOLERANCE,
        "{before:?} {after:?}"
    );
}
