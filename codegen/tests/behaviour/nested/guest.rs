//! The Rust guest of the behaviour test of strings and lists inside of values.

use crate::bindings::*;

/// Room that the host writes to, which stays until the program ends.
#[unsafe(no_mangle)]
pub extern "C" fn room(size: usize) -> *mut u8 {
    // Aligned for whatever the host puts there.
    Box::leak(vec![0_u64; size.div_ceil(8)].into_boxed_slice()).as_mut_ptr().cast()
}

fn text(text: &str) -> RawSlice<u8> {
    text.as_bytes().into()
}

/// The text that a list of bytes is.
fn text_of(slice: RawSlice<u8>) -> String {
    // SAFETY: the host wrote the bytes into room that stays.
    let bytes = unsafe { core::slice::from_raw_parts(slice.pointer, slice.len) };
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// What the host calls during a call.
#[unsafe(no_mangle)]
pub extern "C" fn called(depth: u32) -> i32 {
    let first = format!("depth {depth}");
    // SAFETY: the texts live through the call.
    match unsafe { call(depth, &[text(&first), text("same")]) } {
        Ok((size, kind)) if u32::from(kind.raw()) == depth % 2 => size as i32,
        Ok(_) => -2,
        Err(_) => -1,
    }
}

fn steps() -> Result<i32, Errno> {
    let data = [1, 2, 255];
    let entry = || Entry {
        name: text("eins 1"),
        id: 0xfedc_ba98_7654_3210,
        kind: Kind::LOUD,
        data: data.as_slice().into(),
        loud: true.into(),
    };
    let empty = Entry {
        name: text(""),
        id: 0,
        kind: Kind::PLAIN,
        data: [].as_slice().into(),
        loud: false.into(),
    };
    let names = [text("grüße"), text("漢字 😀"), text(""), text("a\0b")];
    let entries = [empty, entry()];
    let short = [text("x"), text("yz")];
    let values = [
        Value::nothing(),
        Value::count(-1),
        Value::text(text("text")),
        Value::entry(entry()),
        Value::names(short.as_slice().into()),
    ];
    let (first, last) = ([1_u16, 65535], [3_u16]);
    let rows = [first.as_slice().into(), [].as_slice().into(), last.as_slice().into()];
    let truths = [true.into(), false.into(), true.into()];
    let kinds = [Kind::LOUD, Kind::PLAIN];
    let inside = [text("in"), text("a value")];
    let tree = Tree {
        entry: entry(),
        names: names.as_slice().into(),
        entries: entries.as_slice().into(),
        values: values.as_slice().into(),
        rows: rows.as_slice().into(),
        truths: truths.as_slice().into(),
        kinds: kinds.as_slice().into(),
        value: Value::names(inside.as_slice().into()),
    };
    // SAFETY: what is passed lives through each call, and what the host gives stays.
    unsafe {
        if put(&tree)? != 1 {
            return Ok(1);
        }
        let back = get_tree()?;
        if text_of(*back.names.pointer.add(1)) != "漢字 😀" || back.entry.kind != Kind::LOUD {
            return Ok(3);
        }
        let value = *back.values.pointer.add(2);
        if value.as_text().map(text_of).as_deref() != Some("text") {
            return Ok(4);
        }
        if !bool::from(*back.truths.pointer.add(2)) || bool::from(*back.truths.pointer.add(1)) {
            return Ok(5);
        }
        if put(&back)? != 2 {
            return Ok(7);
        }
        if text_of(get_text()?) != "grüße 😀\0." {
            return Ok(8);
        }
        let many: Vec<String> = (0..500).map(|index| format!("name {index}")).collect();
        let texts: Vec<_> = many.iter().map(|name| text(name)).collect();
        if put_names(&texts)? != 3 {
            return Ok(9);
        }
        let values: Vec<_> = texts.into_iter().map(Value::text).collect();
        if put_values(&values)? != 4 {
            return Ok(10);
        }
        if put_text("\u{fffd} lone \u{fffd}, pair 😀 \u{fffd}")? != 5 {
            return Ok(11);
        }
        if put_names(&[text("\u{fffd}")])? != 6 {
            return Ok(12);
        }
    }
    Ok(if called(3) == 1003 { 0 } else { 13 })
}

#[unsafe(no_mangle)]
pub extern "C" fn run() -> i32 {
    steps().unwrap_or(-1)
}
