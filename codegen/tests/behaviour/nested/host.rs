//! The wiggle host of the behaviour test of strings and lists inside of values. It copies what it
//! gets, and gives it back in memory that the guest had room for.
//!
//! An implementation of the trait holds the guest's memory, and so cannot call the guest: `call` is
//! linked by hand, over its implementation.

use wasmtime::{Caller, Extern, Linker, Result};
use wiggle::{GuestError, GuestMemory, GuestPtr, GuestType};

use crate::bindings::nested::{self, Nested};
use crate::bindings::types::*;
use crate::runner::{self, State};

#[derive(Debug, Clone, PartialEq)]
struct OwnedEntry {
    name: String,
    id: u64,
    kind: Kind,
    data: Vec<u8>,
    loud: bool,
}

#[derive(Debug, Clone, PartialEq)]
enum OwnedValue {
    Nothing,
    Count(i64),
    Text(String),
    Entry(OwnedEntry),
    Names(Vec<String>),
}

#[derive(Debug, Clone, PartialEq)]
struct OwnedTree {
    entry: OwnedEntry,
    names: Vec<String>,
    entries: Vec<OwnedEntry>,
    values: Vec<OwnedValue>,
    rows: Vec<Vec<u16>>,
    truths: Vec<bool>,
    kinds: Vec<Kind>,
    value: OwnedValue,
}

/// What a guest sent.
#[derive(Debug, Clone, PartialEq)]
enum Sent {
    Tree(OwnedTree),
    Names(Vec<String>),
    Values(Vec<OwnedValue>),
    Text(String),
    /// What an inner call gave, and the names as they were before and after it.
    Call(i32, [Vec<String>; 2]),
}

/// The elements of a list.
fn list<T: GuestType, O>(
    mem: &GuestMemory<'_>,
    list: GuestPtr<[T]>,
    own: impl Fn(&GuestMemory<'_>, T) -> Result<O, GuestError>,
) -> Result<Vec<O>, GuestError> {
    list.iter().map(|element| own(mem, mem.read(element?)?)).collect()
}

fn text(mem: &GuestMemory<'_>, text: ListOfU8) -> Result<String, GuestError> {
    let bytes = list(mem, text, |_, byte| Ok(byte))?;
    String::from_utf8(bytes).map_err(|error| error.utf8_error().into())
}

fn names(mem: &GuestMemory<'_>, names: Names) -> Result<Vec<String>, GuestError> {
    list(mem, names, text)
}

fn entry(mem: &GuestMemory<'_>, entry: Entry) -> Result<OwnedEntry, GuestError> {
    Ok(OwnedEntry {
        name: text(mem, entry.name)?,
        id: entry.id,
        kind: entry.kind,
        data: list(mem, entry.data, |_, byte| Ok(byte))?,
        loud: entry.loud == Boolean::True,
    })
}

fn value(mem: &GuestMemory<'_>, value: Value) -> Result<OwnedValue, GuestError> {
    Ok(match value {
        Value::Nothing => OwnedValue::Nothing,
        Value::Count(count) => OwnedValue::Count(count),
        Value::Text(it) => OwnedValue::Text(text(mem, it)?),
        Value::Entry(it) => OwnedValue::Entry(entry(mem, it)?),
        Value::Names(it) => OwnedValue::Names(names(mem, it)?),
    })
}

fn tree(mem: &GuestMemory<'_>, tree: &Tree) -> Result<OwnedTree, GuestError> {
    Ok(OwnedTree {
        entry: entry(mem, tree.entry.clone())?,
        names: names(mem, tree.names)?,
        entries: list(mem, tree.entries, entry)?,
        values: list(mem, tree.values, value)?,
        rows: list(mem, tree.rows, |mem, row| list(mem, row, |_, cell| Ok(cell)))?,
        truths: list(mem, tree.truths, |_, truth| Ok(truth == Boolean::True))?,
        kinds: list(mem, tree.kinds, |_, kind| Ok(kind))?,
        value: value(mem, tree.value.clone())?,
    })
}

/// Room in the guest's memory that is the host's, from an address.
struct Room(u32);

impl Room {
    /// Writes a list, each element of which is made first: it may need room as well.
    fn list<O: Clone, T: GuestType>(
        &mut self,
        mem: &mut GuestMemory<'_>,
        list: &[O],
        give: impl Fn(&mut Room, &mut GuestMemory<'_>, O) -> Result<T, GuestError>,
    ) -> Result<GuestPtr<[T]>, GuestError> {
        let start = self.0.next_multiple_of(8);
        let length = list.len() as u32;
        self.0 = start + T::guest_size() * length;
        let given = GuestPtr::<[T]>::new((start, length));
        for (place, element) in given.iter().zip(list) {
            let element = give(self, mem, element.clone())?;
            mem.write(place?, element)?;
        }
        Ok(given)
    }

    fn bytes(&mut self, mem: &mut GuestMemory<'_>, bytes: &[u8]) -> Result<ListOfU8, GuestError> {
        self.list(mem, bytes, |_, _, byte| Ok(byte))
    }

    fn names(&mut self, mem: &mut GuestMemory<'_>, names: &[String]) -> Result<Names, GuestError> {
        self.list(mem, names, |room, mem, name| room.bytes(mem, name.as_bytes()))
    }

    fn entry(&mut self, mem: &mut GuestMemory<'_>, entry: OwnedEntry) -> Result<Entry, GuestError> {
        Ok(Entry {
            name: self.bytes(mem, entry.name.as_bytes())?,
            id: entry.id,
            kind: entry.kind,
            data: self.bytes(mem, &entry.data)?,
            loud: truth(entry.loud),
        })
    }

    fn value(&mut self, mem: &mut GuestMemory<'_>, value: OwnedValue) -> Result<Value, GuestError> {
        Ok(match value {
            OwnedValue::Nothing => Value::Nothing,
            OwnedValue::Count(count) => Value::Count(count),
            OwnedValue::Text(text) => Value::Text(self.bytes(mem, text.as_bytes())?),
            OwnedValue::Entry(entry) => Value::Entry(self.entry(mem, entry)?),
            OwnedValue::Names(names) => Value::Names(self.names(mem, &names)?),
        })
    }

    fn tree(&mut self, mem: &mut GuestMemory<'_>, tree: OwnedTree) -> Result<Tree, GuestError> {
        Ok(Tree {
            entry: self.entry(mem, tree.entry)?,
            names: self.names(mem, &tree.names)?,
            entries: self.list(mem, &tree.entries, Room::entry)?,
            values: self.list(mem, &tree.values, Room::value)?,
            rows: self.list(mem, &tree.rows, |room, mem, row| {
                room.list(mem, &row, |_, _, cell| Ok(cell))
            })?,
            truths: self.list(mem, &tree.truths, |_, _, it| Ok(truth(it)))?,
            kinds: self.list(mem, &tree.kinds, |_, _, kind| Ok(kind))?,
            value: self.value(mem, tree.value)?,
        })
    }
}

fn truth(truth: bool) -> Boolean {
    if truth { Boolean::True } else { Boolean::False }
}

struct Host {
    log: Vec<Sent>,
    room: Room,
}

impl Host {
    fn note(&mut self, sent: Result<Sent, GuestError>) -> Result<Size, Errno> {
        self.log.push(sent.map_err(|_| Errno::Inval)?);
        Ok(self.log.len() as u32)
    }
}

impl Nested for Host {
    fn put(&mut self, mem: &mut GuestMemory<'_>, it: &Tree) -> Result<Size, Errno> {
        self.note(tree(mem, it).map(Sent::Tree))
    }

    fn put_names(&mut self, mem: &mut GuestMemory<'_>, it: Names) -> Result<Size, Errno> {
        self.note(names(mem, it).map(Sent::Names))
    }

    fn put_values(
        &mut self,
        mem: &mut GuestMemory<'_>,
        values: GuestPtr<[Value]>,
    ) -> Result<Size, Errno> {
        self.note(list(mem, values, value).map(Sent::Values))
    }

    fn put_text(&mut self, mem: &mut GuestMemory<'_>, text: GuestPtr<str>) -> Result<Size, Errno> {
        let text = mem.as_cow_str(text).map(|text| text.into_owned());
        self.note(text.map(Sent::Text))
    }

    fn call(
        &mut self,
        _: &mut GuestMemory<'_>,
        depth: u32,
        _: Names,
    ) -> Result<(Size, Kind), Errno> {
        match depth {
            0 => Err(Errno::Inval),
            _ if depth % 2 == 0 => Ok((1000 + depth, Kind::Plain)),
            _ => Ok((1000 + depth, Kind::Loud)),
        }
    }

    fn get_tree(&mut self, mem: &mut GuestMemory<'_>) -> Result<Tree, Errno> {
        let Some(Sent::Tree(last)) = self.log.last().cloned() else {
            return Err(Errno::Inval);
        };
        self.room.tree(mem, last).map_err(|_| Errno::Inval)
    }

    fn get_text(&mut self, mem: &mut GuestMemory<'_>) -> Result<ListOfU8, Errno> {
        let text = "grüße 😀\0.".as_bytes();
        self.room.bytes(mem, text).map_err(|_| Errno::Inval)
    }
}

/// What the host gives is written first: it and what it was given have to be there after an inner
/// call.
fn call(
    mut caller: Caller<'_, State<Host>>,
    depth: u32,
    names_at: u32,
    names_len: u32,
    size: u32,
    kind: u32,
) -> Result<u32> {
    let Some(Extern::Memory(memory)) = caller.get_export("memory") else {
        return Err(wasmtime::Error::msg("no memory"));
    };
    // The guest's memory moves where it has to.
    memory.grow(&mut caller, 1)?;
    let given = Names::new((names_at, names_len));
    let (bytes, state) = memory.data_and_store_mut(&mut caller);
    let mut mem = GuestMemory::Unshared(bytes);
    let before = names(&mem, given)?;
    match state.host.call(&mut mem, depth, given) {
        Ok(results) => {
            mem.write(GuestPtr::new(size), results.0)?;
            mem.write(GuestPtr::new(kind), results.1)?;
        }
        Err(error) => return Ok(u16::from(error).into()),
    }
    let Some(Extern::Func(called)) = caller.get_export("called") else {
        return Err(wasmtime::Error::msg("nothing to call"));
    };
    let inner = called.typed::<u32, i32>(&caller)?.call(&mut caller, depth - 1)?;
    let (bytes, state) = memory.data_and_store_mut(&mut caller);
    let after = names(&GuestMemory::Unshared(bytes), given)?;
    state.host.log.push(Sent::Call(inner, [before, after]));
    Ok(0)
}

fn link(linker: &mut Linker<State<Host>>) -> Result<()> {
    nested::add_to_linker(linker, |state| &mut state.host)?;
    linker.allow_shadowing(true);
    linker.func_wrap("nested", "call", call)?;
    linker.allow_shadowing(false);
    Ok(())
}

/// What each guest sends, as the host has to see it.
fn expected() -> Vec<Sent> {
    let strings = |texts: &[&str]| -> Vec<String> { texts.iter().map(|&it| it.into()).collect() };
    let entry = OwnedEntry {
        name: "eins 1".to_owned(),
        id: 0xfedc_ba98_7654_3210,
        kind: Kind::Loud,
        data: vec![1, 2, 255],
        loud: true,
    };
    let empty = OwnedEntry {
        name: String::new(),
        id: 0,
        kind: Kind::Plain,
        data: Vec::new(),
        loud: false,
    };
    let tree = Sent::Tree(OwnedTree {
        entry: entry.clone(),
        names: strings(&["grüße", "漢字 😀", "", "a\0b"]),
        entries: vec![empty, entry.clone()],
        values: vec![
            OwnedValue::Nothing,
            OwnedValue::Count(-1),
            OwnedValue::Text("text".to_owned()),
            OwnedValue::Entry(entry),
            OwnedValue::Names(strings(&["x", "yz"])),
        ],
        rows: vec![vec![1, 65535], vec![], vec![3]],
        truths: vec![true, false, true],
        kinds: vec![Kind::Loud, Kind::Plain],
        value: OwnedValue::Names(strings(&["in", "a value"])),
    });
    let many: Vec<String> = (0..500).map(|index| format!("name {index}")).collect();
    let call = |inner: i32, depth: u32| {
        let names = vec![format!("depth {depth}"), "same".to_owned()];
        Sent::Call(inner, [names.clone(), names])
    };
    vec![
        tree.clone(),
        // What the guest got back and put again.
        tree,
        Sent::Names(many.clone()),
        Sent::Values(many.into_iter().map(OwnedValue::Text).collect()),
        Sent::Text("\u{fffd} lone \u{fffd}, pair 😀 \u{fffd}".to_owned()),
        Sent::Names(strings(&["\u{fffd}"])),
        call(-1, 1),
        call(1001, 2),
        call(1002, 3),
    ]
}

/// How much of the guest's memory the host asks for before it runs, in bytes.
const ROOM: u32 = 65536;

/// Runs the guests whose files are the arguments.
pub fn main() -> Result<()> {
    for path in std::env::args().skip(1) {
        let host = Host { log: Vec::new(), room: Room(0) };
        let (mut store, guest) = runner::instantiate(&path, host, link)?;
        let room = guest.get_typed_func::<u32, u32>(&mut store, "room")?;
        store.data_mut().host.room = Room(room.call(&mut store, ROOM)?);
        runner::run(&path, &mut store, &guest)?;
        assert_eq!(store.data().host.log, expected(), "what {path} sent");
        println!("{path}: all values arrived, in both directions");
    }
    Ok(())
}
