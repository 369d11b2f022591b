//! The wiggle host of the behaviour test of the kinds of types: what it gets is what `host.mjs`
//! gets, and the other way round.

use wiggle::{GuestMemory, GuestPtr};

use crate::bindings::kinds::{self, Kinds};
use crate::bindings::types::*;
use crate::runner;

#[derive(Default)]
struct Host {
    log: Vec<String>,
    /// Where the text is that the guest sent.
    address: u32,
}

/// The four bytes at an address.
fn text(mem: &GuestMemory<'_>, at: GuestPtr<u8>) -> Result<String, Errno> {
    let bytes = mem.to_vec(at.as_array(4)).map_err(|_| Errno::Inval)?;
    String::from_utf8(bytes).map_err(|_| Errno::Inval)
}

impl Kinds for Host {
    fn arguments(
        &mut self,
        mem: &mut GuestMemory<'_>,
        at: GuestPtr<u8>,
        e32: E32,
        e64: E64,
        real32: f32,
        f32s: F32s,
        f64s: F64s,
        int32: i32,
        int64: i64,
        pair: &Pair,
        size: Size,
        v16: &V16,
        v32: &V32,
    ) -> Result<(), Errno> {
        let text = text(mem, at)?;
        self.address = at.offset();
        let (f32s, f64s) = (f32s.bits(), f64s.bits());
        self.log.push(format!(
            "{text} {e32:?} {e64:?} {real32} {f32s} {f64s} {int32} {int64} {pair:?} {size} {v16:?} \
             {v32:?}"
        ));
        Ok(())
    }

    fn outs(
        &mut self,
        _: &mut GuestMemory<'_>,
        fails: Boolean,
    ) -> Result<
        (Letter, ByteLetter, GuestPtr<u8>, E16, E32, E64, Real32, F8, F32s, F64s),
        WideErrno,
    > {
        if fails == Boolean::True {
            return Err(WideErrno::Inval);
        }
        Ok((
            '😀'.into(),
            0xe9,
            GuestPtr::new(self.address),
            E16::B,
            E32::B,
            E64::B,
            -1.5,
            F8::Y,
            F32s::X | F32s::Y,
            F64s::Y,
        ))
    }

    fn more_outs(
        &mut self,
        _: &mut GuestMemory<'_>,
    ) -> Result<(Numbers, GuestPtr<u16>, Int32, Int64, Pair, V16, V32), Errno> {
        Ok((
            Numbers::new((self.address, 2)),
            GuestPtr::new(self.address),
            i32::MIN,
            -5,
            Pair { f0: 7, f1: 8 },
            V16::None,
            V32::Narrow(9),
        ))
    }

    fn inside(&mut self, mem: &mut GuestMemory<'_>, all: &All) -> Result<All, Errno> {
        let text = text(mem, all.text)?;
        // The address is another in each guest.
        let known = All { text: GuestPtr::new(0), ..all.clone() };
        self.log.push(format!("{text} {known:?}"));
        Ok(all.clone())
    }

    fn give_byte_letter(&mut self, _: &mut GuestMemory<'_>) -> ByteLetter {
        0xe9
    }

    fn give_real32(&mut self, _: &mut GuestMemory<'_>) -> f32 {
        0.25
    }

    fn give_real64(&mut self, _: &mut GuestMemory<'_>) -> f64 {
        -0.1
    }

    fn give_f32s(&mut self, _: &mut GuestMemory<'_>) -> F32s {
        F32s::X | F32s::Y
    }

    fn give_f64s(&mut self, _: &mut GuestMemory<'_>) -> F64s {
        F64s::Y
    }

    fn give_thing(&mut self, _: &mut GuestMemory<'_>) -> Thing {
        Thing::from(u32::MAX)
    }

    fn give_int32(&mut self, _: &mut GuestMemory<'_>) -> i32 {
        -1
    }

    fn give_int64(&mut self, _: &mut GuestMemory<'_>) -> i64 {
        i64::MIN
    }

    fn give_natural32(&mut self, _: &mut GuestMemory<'_>) -> u32 {
        u32::MAX - 1
    }

    fn give_natural64(&mut self, _: &mut GuestMemory<'_>) -> u64 {
        u64::MAX - 1
    }

    fn give_size(&mut self, _: &mut GuestMemory<'_>) -> Size {
        u32::MAX - 2
    }

    fn check(&mut self, _: &mut GuestMemory<'_>, fails: Boolean) -> Result<(), ()> {
        if fails == Boolean::True { Err(()) } else { Ok(()) }
    }

    fn leave(&mut self, _: &mut GuestMemory<'_>, code: u32) -> wiggle::error::Error {
        wiggle::error::Error::msg(format!("left with {code}"))
    }
}

/// What each guest sends, as the host has to see it.
fn expected() -> [String; 2] {
    let all = All {
        letter: '😀'.into(),
        byte_letter: 0xe9,
        tiny: -100,
        text: GuestPtr::new(0),
        e16: E16::B,
        e32: E32::B,
        e64: E64::B,
        real32: 0.5,
        f16: F16::X | F16::Y,
        f32s: F32s::Y,
        f64s: F64s::X | F64s::Y,
        thing: Thing::from(u32::MAX),
        int32: -2,
        natural32: 4_000_000_000,
        pair: Pair { f0: 200, f1: (1 << 63) + 1 },
        v16: V16::Wide(u64::MAX),
        v32: V32::Narrow(255),
    };
    [
        "text B B 0.5 2 3 -2 -3 Pair { f0: 200, f1: 9223372036854775809 } 4000000000 \
         Wide(18446744073709551615) Narrow(255)"
            .to_owned(),
        format!("text {all:?}"),
    ]
}

/// Runs the guests whose files are the arguments.
pub fn main() -> wasmtime::Result<()> {
    for path in std::env::args().skip(1) {
        let (mut store, guest) = runner::instantiate(&path, Host::default(), |linker| {
            kinds::add_to_linker(linker, |state| &mut state.host)
        })?;
        runner::run(&path, &mut store, &guest)?;
        assert_eq!(store.data().host.log, expected(), "what {path} sent");
        let stop = guest.get_typed_func::<(), ()>(&mut store, "stop")?;
        let error = format!("{:?}", stop.call(&mut store, ()).unwrap_err());
        assert!(error.contains("left with 7"), "{path} ended otherwise: {error}");
        println!("{path}: all values arrived, in both directions");
    }
    Ok(())
}
