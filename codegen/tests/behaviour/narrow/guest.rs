//! The Rust guest of the behaviour test of narrow values.

use core::hint::black_box;

use crate::bindings::*;

fn steps() -> Result<i32, Errno> {
    let hundred = black_box(100);
    let a = (hundred + 200) as u8;
    let rights = Rights::READ | Rights::EXECUTE;
    let modes = Modes::TWO | Modes::THREE;
    let (b, c, d) = ((hundred + 100) as i8, (700 * hundred) as u16, (400 * hundred) as i16);
    take(a, b, c, d, true, '😀', Color::BLUE, Level::MIDDLE, rights, modes, 0xe9, true)?;
    take_bare(a, true);
    take_point(&Point { color: Color::GREEN, x: -2 })?;
    let wrong = [
        i32::from(give_u8()) != 200,
        i32::from(give_s8()) != -1,
        i32::from(give_u16()) != 60000,
        i32::from(give_s16()) != -30000,
        u32::from(give_bool(4)?) != 1 || u32::from(give_bool(0x100)?) != 1 || give_bool(0)?,
        give_char() != '😀',
        u32::from(give_rights().bits()) != 5,
        u32::from(give_modes().bits()) != 6,
        give_truths() != Ok((true, true)),
        fail(0) != Ok(()) || fail(2) != Err(Errno::WRONG),
        fail_wide(0) != Ok(false),
        fail_wide(2) != Err(Code::WRONG),
    ];
    let first = wrong.iter().position(|&wrong| wrong);
    Ok(first.map_or(0, |index| index as i32 + 3))
}

#[unsafe(no_mangle)]
pub extern "C" fn run() -> i32 {
    steps().unwrap_or(1)
}
