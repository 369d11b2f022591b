//! The Rust guest of the behaviour test of the kinds of types.

use crate::bindings::*;

#[repr(align(2))]
struct Aligned([u8; 4]);

static TEXT: Aligned = Aligned(*b"text");

const PAIR: Pair = Pair(200, (1 << 63) + 1);

#[unsafe(export_name = "run")]
pub extern "C" fn run() -> i32 {
    match steps() {
        Ok(()) => 0,
        Err(step) => step,
    }
}

fn steps() -> Result<(), i32> {
    let check = |step, holds: bool| if holds { Ok(()) } else { Err(step) };
    let text = TEXT.0.as_ptr();
    let (v16, v32) = (V16::wide(u64::MAX), V32::narrow(255));
    let both = F64s::X | F64s::Y;
    // SAFETY: the host reads four bytes of the text during the call.
    let done = unsafe {
        arguments(
            text,
            E32::B,
            E64::B,
            0.5,
            F32s::Y,
            both,
            -2,
            -3,
            &PAIR,
            4_000_000_000,
            &v16,
            &v32,
        )
    };
    check(1, done.is_ok())?;

    let got = outs(false).map_err(|_| 2)?;
    check(3, got.0 == '😀' && got.1 == 0xe9 && got.2 == text)?;
    check(4, got.3 == E16::B && got.4 == E32::B && got.5 == E64::B && got.6 == -1.5)?;
    check(5, got.7 == F8::Y && got.8 == F32s::X | F32s::Y && got.9 == F64s::Y)?;
    check(6, outs(true).err() == Some(WideErrno::INVAL))?;

    let (numbers, room, int32, int64, pair, none, narrow) = more_outs().map_err(|_| 7)?;
    // SAFETY: the host gives what it was given, which is static.
    let numbers = unsafe { core::slice::from_raw_parts(numbers.pointer, numbers.len) };
    check(8, *numbers == [0x6574, 0x7478] && room.cast_const().cast() == text)?;
    check(9, int32 == i32::MIN && int64 == -5 && pair == Pair(7, 8))?;
    check(10, none.tag() == V16::none().tag() && narrow.as_narrow() == Some(9))?;

    let all = All {
        letter: '😀'.into(),
        byte_letter: 0xe9,
        tiny: -100,
        text,
        e16: E16::B,
        e32: E32::B,
        e64: E64::B,
        real32: 0.5,
        f16: F16::X | F16::Y,
        f32s: F32s::Y,
        f64s: both,
        thing: Thing::from_raw(u32::MAX),
        int32: -2,
        natural32: 4_000_000_000,
        pair: PAIR,
        v16,
        v32,
    };
    // SAFETY: as above.
    let back = unsafe { inside(&all) }.map_err(|_| 11)?;
    check(12, back.letter == all.letter && back.tiny == -100 && back.text == text)?;
    check(13, back.e64 == E64::B && back.f64s == both && back.thing == all.thing)?;
    check(14, back.pair == PAIR && back.v16.as_wide() == Some(u64::MAX))?;
    check(15, back.v32.as_narrow() == Some(255) && back.natural32 == 4_000_000_000)?;

    check(16, give_byte_letter() == 0xe9 && give_real32() == 0.25 && give_real64() == -0.1)?;
    check(17, give_f32s() == F32s::X | F32s::Y && give_f64s() == F64s::Y)?;
    check(18, give_thing().raw() == u32::MAX && give_int32() == -1 && give_int64() == i64::MIN)?;
    check(19, give_natural32() == 0xffff_fffe && give_natural64() == u64::MAX - 1)?;
    check(20, give_size() == 0xffff_fffd)?;
    kinds_check()
}

/// The name of the function is that of the closure above.
fn kinds_check() -> Result<(), i32> {
    if check(false).is_ok() && check(true).is_err() { Ok(()) } else { Err(21) }
}

#[unsafe(export_name = "stop")]
pub extern "C" fn stop() {
    leave(7)
}
