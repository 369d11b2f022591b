//! The wiggle host of the behaviour test of narrow values. What guests of ours send has no junk in
//! upper bits. The guest `junk.c` sends some: it is told so where a function has an error, and
//! else it ends.

use wasmtime::{Instance, Store};
use wiggle::GuestMemory;

use crate::bindings::narrow::{self, Narrow};
use crate::bindings::types::*;
use crate::runner::{self, State};

#[derive(Default)]
struct Host {
    log: Vec<String>,
}

impl Narrow for Host {
    fn take(
        &mut self,
        _: &mut GuestMemory<'_>,
        a: u8,
        b: i8,
        c: u16,
        d: i16,
        e: Boolean,
        f: u32,
        g: Color,
        h: Level,
        i: Rights,
        j: Modes,
        k: u8,
        l: Truth,
    ) -> Result<(), Errno> {
        let (i, j) = (i.bits(), j.bits());
        self.log.push(format!(
            "{a} {b} {c} {d} {e:?} {f:#x} {g:?} {h:?} {i} {j} {k} {l:?}"
        ));
        Ok(())
    }

    fn take_bare(&mut self, _: &mut GuestMemory<'_>, a: u8, b: Boolean) {
        self.log.push(format!("{a} {b:?}"));
    }

    fn take_point(&mut self, _: &mut GuestMemory<'_>, p: &Point) -> Result<(), Errno> {
        self.log.push(format!("{:?} {}", p.color, p.x));
        Ok(())
    }

    fn give_u8(&mut self, _: &mut GuestMemory<'_>) -> u8 {
        200
    }

    fn give_s8(&mut self, _: &mut GuestMemory<'_>) -> i8 {
        -1
    }

    fn give_u16(&mut self, _: &mut GuestMemory<'_>) -> u16 {
        60000
    }

    fn give_s16(&mut self, _: &mut GuestMemory<'_>) -> i16 {
        -30000
    }

    fn give_bool(&mut self, _: &mut GuestMemory<'_>, value: u32) -> Result<Truth, Errno> {
        Ok(if value == 0 { Truth::False } else { Truth::True })
    }

    fn give_char(&mut self, _: &mut GuestMemory<'_>) -> u32 {
        '😀'.into()
    }

    fn give_rights(&mut self, _: &mut GuestMemory<'_>) -> Rights {
        Rights::READ | Rights::EXECUTE
    }

    fn give_modes(&mut self, _: &mut GuestMemory<'_>) -> Modes {
        Modes::TWO | Modes::THREE
    }

    fn give_truths(&mut self, _: &mut GuestMemory<'_>) -> Result<(Truth, Other), Code> {
        Ok((Truth::True, Other::True))
    }

    fn fail(&mut self, _: &mut GuestMemory<'_>, code: u32) -> Result<(), Errno> {
        match code {
            0 => Ok(()),
            _ => Err(Errno::Wrong),
        }
    }

    fn fail_wide(&mut self, _: &mut GuestMemory<'_>, code: u32) -> Result<Truth, Code> {
        match code {
            0 => Ok(Truth::False),
            _ => Err(Code::Wrong),
        }
    }
}

/// What each guest sends, as the host has to see it.
const EXPECTED: [&str; 3] = [
    "44 -56 4464 -25536 True 0x1f600 Blue Middle 5 6 233 True",
    "44 True",
    "Green -2",
];

fn instantiate(path: &str) -> wasmtime::Result<(Store<State<Host>>, Instance)> {
    runner::instantiate(path, Host::default(), |linker| {
        narrow::add_to_linker(linker, |state| &mut state.host)
    })
}

/// Runs the guests whose files are the arguments, one of which sends junk.
pub fn main() -> wasmtime::Result<()> {
    let paths: Vec<String> = std::env::args().skip(1).collect();
    for path in &paths {
        let (mut store, guest) = instantiate(path)?;
        runner::run(path, &mut store, &guest)?;
        let is_junk = path.contains("junk");
        let expected: &[&str] = if is_junk { &[] } else { &EXPECTED };
        assert_eq!(store.data().host.log, expected, "what {path} sent");
        for trap in ["bare_number", "bare_bool"].iter().filter(|_| is_junk) {
            let (mut store, guest) = instantiate(path)?;
            let run = guest.get_typed_func::<(), ()>(&mut store, trap)?;
            let error = format!("{:?}", run.call(&mut store, ()).unwrap_err());
            assert!(error.contains("of `take_bare` got an invalid value"), "{error}");
            assert!(store.data().host.log.is_empty(), "the implementation was called");
        }
        println!("{path}: all values arrived, in both directions");
    }
    Ok(())
}
