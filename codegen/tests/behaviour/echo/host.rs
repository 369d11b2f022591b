//! The host of the behaviour test: it writes down what it gets, and gives back something else
//! that only follows from that.

use wiggle::{GuestMemory, GuestPtr};

use crate::bindings::echo::{self, Echo};
use crate::bindings::types::*;
use crate::runner;

#[derive(Default)]
struct Host {
    log: Vec<String>,
}

fn moved(point: &Point) -> Point {
    let color = match point.color {
        Color::Red => Color::Green,
        Color::Green => Color::Blue,
        Color::Blue => Color::Red,
    };
    Point {
        x: -point.x,
        color,
        y: !point.y,
    }
}

impl Echo for Host {
    fn numbers(
        &mut self,
        _: &mut GuestMemory<'_>,
        a: u8,
        b: i8,
        c: u16,
        d: i16,
        e: u64,
        f: f64,
    ) -> Result<(Byte, Tiny, Short, Signed, Wide, Real), Errno> {
        self.log.push(format!("{a} {b} {c} {d} {e} {f}"));
        if a == 0 {
            return Err(Errno::Wrong);
        }
        Ok((!a, -b, !c, -d, !e, -f))
    }

    fn record(&mut self, _: &mut GuestMemory<'_>, p: &Point) -> Result<Point, Errno> {
        self.log.push(format!("{p:?}"));
        Ok(moved(p))
    }

    fn variant(&mut self, _: &mut GuestMemory<'_>, s: &Shape) -> Result<Shape, Errno> {
        self.log.push(format!("{s:?}"));
        Ok(match s {
            Shape::None => Shape::Byte(7),
            Shape::Byte(byte) => Shape::Ratio(f64::from(*byte) / 2.0),
            Shape::Dot(point) => Shape::Dot(moved(point)),
            Shape::Ratio(_) => Shape::None,
        })
    }

    fn flags(&mut self, _: &mut GuestMemory<'_>, f: Rights) -> Result<Rights, Errno> {
        self.log.push(format!("{:#x}", f.bits()));
        Ok(!f)
    }

    fn color(&mut self, _: &mut GuestMemory<'_>, c: Color) -> Result<Color, Errno> {
        self.log.push(format!("{c:?}"));
        Ok(Color::Green)
    }

    fn text(
        &mut self,
        mem: &mut GuestMemory<'_>,
        text: GuestPtr<str>,
        out: GuestPtr<u8>,
        out_len: Size,
    ) -> Result<Size, Errno> {
        let text = mem.as_cow_str(text).map_err(|_| Errno::Wrong)?.into_owned();
        let reversed: String = text.chars().rev().collect();
        self.log.push(text);
        let out = out.as_array(out_len.min(reversed.len() as u32));
        mem.copy_from_slice(&reversed.as_bytes()[..out.len() as usize], out)
            .map_err(|_| Errno::Wrong)?;
        Ok(reversed.len() as u32)
    }

    fn list(
        &mut self,
        mem: &mut GuestMemory<'_>,
        l: GuestPtr<[u16]>,
    ) -> Result<(Wide, Size), Errno> {
        let list = mem.to_vec(l).map_err(|_| Errno::Wrong)?;
        self.log.push(format!("{list:?}"));
        Ok((list.iter().copied().map(u64::from).sum(), list.len() as u32))
    }

    fn points(
        &mut self,
        mem: &mut GuestMemory<'_>,
        l: GuestPtr<[Point]>,
    ) -> Result<Point, Errno> {
        let mut points = Vec::new();
        for pointer in l.iter() {
            let pointer = pointer.map_err(|_| Errno::Wrong)?;
            points.push(mem.read(pointer).map_err(|_| Errno::Wrong)?);
        }
        self.log.push(format!("{points:?}"));
        points.pop().ok_or(Errno::Wrong)
    }
}

/// What each guest sends, as the host has to see it.
const EXPECTED: [&str; 12] = [
    "200 -100 60000 -30000 12345678901234567890 0.1",
    "0 0 0 0 0 0",
    "Point { x: -300, color: Blue, y: 18446744073709551615 }",
    "None",
    "Byte(201)",
    "Dot(Point { x: 3, color: Green, y: 4 })",
    "Ratio(2.5)",
    "0x5",
    "Blue",
    "grüße 漢字",
    "[1, 2, 65535]",
    "[Point { x: 1, color: Red, y: 2 }, Point { x: -3, color: Green, y: 4294967296 }]",
];

/// Runs the guests whose files are the arguments.
pub fn main() -> wasmtime::Result<()> {
    for path in std::env::args().skip(1) {
        let (mut store, guest) = runner::instantiate(&path, Host::default(), |linker| {
            echo::add_to_linker(linker, |state| &mut state.host)
        })?;
        runner::run(&path, &mut store, &guest)?;
        assert_eq!(store.data().host.log, EXPECTED, "what {path} sent");
        println!("{path}: all values arrived, in both directions");
    }
    Ok(())
}
