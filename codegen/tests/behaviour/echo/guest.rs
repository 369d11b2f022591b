//! The Rust guest of the behaviour test.

use crate::bindings::*;

fn steps() -> Result<i32, Errno> {
    let got = numbers(200, -100, 60000, -30000, 12345678901234567890, 0.1)?;
    if got != (55, 100, 5535, 30000, 6101065172474983725, -0.1) {
        return Ok(1);
    }
    if numbers(0, 0, 0, 0, 0, 0.0) != Err(Errno::WRONG) {
        return Ok(2);
    }
    let got = record(&Point { x: -300, color: Color::BLUE, y: u64::MAX })?;
    if got.x != 300 || got.color != Color::RED || got.y != 0 {
        return Ok(3);
    }
    if variant(&Shape::none())?.as_byte() != Some(7) {
        return Ok(4);
    }
    if variant(&Shape::byte(201))?.as_ratio() != Some(100.5) {
        return Ok(5);
    }
    let dot = variant(&Shape::dot(Point { x: 3, color: Color::GREEN, y: 4 }))?.as_dot();
    if !dot.is_some_and(|p| p.x == -3 && p.color == Color::BLUE && p.y == !4) {
        return Ok(6);
    }
    if variant(&Shape::ratio(2.5))?.tag() != 0 {
        return Ok(7);
    }
    if flags(Rights::from_bits(5))?.bits() != 2 {
        return Ok(8);
    }
    if color(Color::BLUE)? != Color::GREEN {
        return Ok(9);
    }
    let mut out = [0; 32];
    let len = text("grüße 漢字", &mut out)?;
    if out.get(..len) != Some("字漢 eßürg".as_bytes()) {
        return Ok(10);
    }
    if list(&[1, 2, 65535])? != (65538, 3) {
        return Ok(11);
    }
    let got = points(&[
        Point { x: 1, color: Color::RED, y: 2 },
        Point { x: -3, color: Color::GREEN, y: 1 << 32 },
    ])?;
    if got.x != -3 || got.color != Color::GREEN || got.y != 1 << 32 {
        return Ok(12);
    }
    Ok(0)
}

#[unsafe(no_mangle)]
pub extern "C" fn run() -> i32 {
    steps().unwrap_or(-1)
}
