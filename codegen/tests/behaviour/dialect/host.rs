//! The wiggle host of the behaviour test of the other dialect: what it gets is what
//! `host.mjs` gets, and the other way round.

use wiggle::{GuestMemory, GuestPtr};

use crate::bindings::dialect::{self, Dialect};
use crate::bindings::types::*;
use crate::runner;

#[derive(Default)]
struct Host {
    log: Vec<String>,
}

/// The bytes of a list.
fn bytes(mem: &GuestMemory<'_>, list: GuestPtr<[u8]>) -> Result<Vec<u8>, Errno> {
    mem.to_vec(list).map_err(|_| Errno::Inval)
}

/// Writes to a buffer that an address and a length stand for.
fn fill(mem: &mut GuestMemory<'_>, at: GuestPtr<u8>, bytes: &[u8]) -> Result<(), Errno> {
    let list = at.as_array(bytes.len() as u32);
    mem.copy_from_slice(bytes, list).map_err(|_| Errno::Inval)
}

impl Dialect for Host {
    fn open(
        &mut self,
        mem: &mut GuestMemory<'_>,
        name: GuestPtr<str>,
        rights: Rights,
        bits: Bits,
        exact: Boolean,
        kind: Kind,
    ) -> Result<Store, Errno> {
        let name = String::from_utf8(bytes(mem, name.as_bytes())?).map_err(|_| Errno::Inval)?;
        let (rights, bits) = (rights.bits(), bits.bits());
        self.log.push(format!("open {name} {rights} {bits} {exact:?} {kind:?}"));
        Ok(Store::from(7_u32))
    }

    fn put(
        &mut self,
        mem: &mut GuestMemory<'_>,
        store: Store,
        entry: &Entry,
        choice: &Choice,
    ) -> Result<Entry, Errno> {
        if u32::from(store) != 7 {
            return Err(Errno::Inval);
        }
        let name = String::from_utf8(bytes(mem, entry.name)?).map_err(|_| Errno::Inval)?;
        self.log.push(format!(
            "put {:?} {:?} {} {:?} {:#x} {name} {}",
            entry.truth,
            entry.kind,
            entry.rights.bits(),
            entry.last,
            entry.count,
            match choice {
                Choice::Nothing => "nothing".to_owned(),
                Choice::Byte(byte) => format!("byte {byte}"),
                Choice::Wide(wide) => format!("wide {wide:#x}"),
                Choice::Truth(truth) => format!("truth {truth:?}"),
            },
        ));
        let shorter = entry.name.len() - 1;
        Ok(Entry {
            truth: Boolean::True,
            kind: Kind::Last,
            rights: Rights::READ | Rights::EXECUTE,
            count: 0xfedc_ba98_7654_3210,
            name: entry.name.get_range(0..shorter).ok_or(Errno::Inval)?,
            last: Truth::False,
        })
    }

    fn choose(&mut self, _: &mut GuestMemory<'_>, which: u8) -> Result<Choice, Errno> {
        self.log.push(format!("choose {which}"));
        match which {
            0 => Ok(Choice::Nothing),
            1 => Ok(Choice::Byte(200)),
            2 => Ok(Choice::Wide(0x8000_0000_0000_0001)),
            3 => Ok(Choice::Truth(Boolean::True)),
            _ => Err(Errno::Inval),
        }
    }

    fn copy(
        &mut self,
        mem: &mut GuestMemory<'_>,
        src: GuestPtr<[u8]>,
        dst: GuestPtr<u8>,
        dst_len: u32,
    ) -> Result<Size, Errno> {
        let sent = bytes(mem, src)?;
        self.log.push(format!("copy {sent:?} {dst_len}"));
        if dst_len < src.len() {
            return Err(Errno::Inval);
        }
        let more: Vec<u8> = sent.iter().map(|byte| byte.wrapping_add(1)).collect();
        fill(mem, dst, &more)?;
        Ok(src.len())
    }

    fn work(&mut self, mem: &mut GuestMemory<'_>, job: &Job) -> Result<(Size, Truth), Errno> {
        let sent = bytes(mem, job.src)?;
        self.log.push(format!("work {} {sent:?} {} {:?}", job.id, job.dst_len, job.done));
        fill(mem, job.dst, &vec![0xee; job.dst_len as usize])?;
        Ok((job.dst_len, Truth::True))
    }
}

/// What each guest sends, as the host has to see it.
const EXPECTED: [&str; 11] = [
    "open grüße 😀 5 6 True Last",
    "put True Loud 3 False 0x123456789abcdef keys wide 0xfedcba9876543210",
    "put False Last 4 True 0x1 x truth True",
    "choose 0",
    "choose 1",
    "choose 2",
    "choose 3",
    "choose 4",
    "copy [1, 2, 255] 4",
    "copy [1, 2, 255] 2",
    "work 9 [10, 20] 3 True",
];

/// Runs the guests whose files are the arguments.
pub fn main() -> wasmtime::Result<()> {
    for path in std::env::args().skip(1) {
        let (mut store, guest) = runner::instantiate(&path, Host::default(), |linker| {
            dialect::add_to_linker(linker, |state| &mut state.host)
        })?;
        runner::run(&path, &mut store, &guest)?;
        assert_eq!(store.data().host.log, EXPECTED, "what {path} sent");
        println!("{path}: all values arrived, in both directions");
    }
    Ok(())
}
