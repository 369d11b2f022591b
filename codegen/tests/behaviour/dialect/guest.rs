//! The Rust guest of the behaviour test of the other dialect.

use crate::bindings::*;

fn steps() -> Result<i32, Errno> {
    let store = open("grüße 😀", Rights::READ | Rights::EXECUTE, Bits::B | Bits::C, true, Kind::LAST)?;
    let entry = Entry {
        truth: true.into(),
        kind: Kind::LOUD,
        rights: Rights::READ | Rights::WRITE,
        count: 0x0123_4567_89ab_cdef,
        name: b"keys".as_slice().into(),
        last: false.into(),
    };
    let wide = Choice::wide(0xfedc_ba98_7654_3210);
    // SAFETY: the texts live through the calls.
    let got = unsafe { put(store, &entry, &wide)? };
    let second = Entry {
        truth: false.into(),
        kind: Kind::LAST,
        rights: Rights::EXECUTE,
        count: 1,
        name: b"x".as_slice().into(),
        last: true.into(),
    };
    // SAFETY: as above.
    unsafe { put(store, &second, &Choice::truth(true.into()))? };
    // SAFETY: as above.
    let refused = unsafe { put(Store::from_raw(8), &entry, &wide) };
    let choices = [0, 1, 2, 3].map(choose);
    let refused_choice = choose(4);
    let (src, mut dst) = ([1, 2, 255], [9; 4]);
    let size = copy(&src, &mut dst)?;
    let copied = dst;
    let refused_copy = copy(&src, &mut dst[..2]);
    let job = Job {
        id: 9,
        src: [10_u8, 20].as_slice().into(),
        dst: dst.as_mut_ptr(),
        dst_len: 3,
        done: true.into(),
    };
    // SAFETY: the buffers live through the call, and one is as long as it is said to be.
    let worked = unsafe { work(&job)? };
    let [nothing, byte, wide, truth] = choices;
    let wrong = [
        store.raw() != 7,
        !bool::from(got.truth) || bool::from(got.last),
        got.kind != Kind::LAST || got.rights != Rights::READ | Rights::EXECUTE,
        got.count != 0xfedc_ba98_7654_3210,
        got.name.pointer != entry.name.pointer || got.name.len != 3,
        refused.err() != Some(Errno::INVAL),
        nothing?.tag() != 0,
        byte?.as_byte() != Some(200),
        wide?.as_wide() != Some(0x8000_0000_0000_0001),
        truth?.as_truth().map(bool::from) != Some(true),
        refused_choice.err() != Some(Errno::INVAL),
        size != 3 || copied != [2, 3, 0, 9],
        refused_copy != Err(Errno::INVAL),
        worked != (3, true) || dst != [0xee, 0xee, 0xee, 9],
    ];
    let first = wrong.iter().position(|&wrong| wrong);
    Ok(first.map_or(0, |index| index as i32 + 2))
}

#[unsafe(no_mangle)]
pub extern "C" fn run() -> i32 {
    steps().unwrap_or(1)
}
