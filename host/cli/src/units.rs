//! Parses values of options: sizes and durations with units, bounded numbers, and `none`.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// The word for no limit.
const NONE: &str = "none";

/// The error for sizes that do not fit 64 bits.
const TOO_LARGE: &str = "it is more than 2^64-1 bytes";

/// A limit that may be none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit<T>(pub Option<T>);

impl FromStr for Limit<u64> {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.trim() {
            NONE => Ok(Limit(None)),
            text => bytes(text)
                .map(|limit| Limit(Some(limit)))
                .map_err(|error| format!("{error}; or `{NONE}`")),
        }
    }
}

impl FromStr for Limit<Duration> {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.trim() {
            NONE => Ok(Limit(None)),
            text => duration(text).map(|limit| Limit(Some(limit))),
        }
    }
}

impl<T: fmt::Debug> fmt::Display for Limit<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            None => f.write_str(NONE),
            Some(limit) => write!(f, "{limit:?}"),
        }
    }
}

/// Reads a size of at most `max` bytes; of at least one if nothing works without.
pub fn size(
    min: u64,
    max: u64,
) -> impl Fn(&str) -> Result<u64, String> + Clone + Send + Sync + 'static {
    move |text| within(bytes(text)?, min, max, "bytes")
}

/// Reads a number of at most `max`; of at least one if nothing works without.
pub fn number<T>(
    min: u64,
    max: T,
) -> impl Fn(&str) -> Result<T, String> + Clone + Send + Sync + 'static
where
    T: Copy + TryFrom<u64> + TryInto<u64> + Send + Sync + 'static,
{
    move |text| {
        let text = text.trim();
        let number: u64 = match text.bytes().all(|byte| byte.is_ascii_digit()) {
            true => text.parse().map_err(|_| "it is no number, or too large")?,
            false => return Err("it is not a whole number".to_owned()),
        };
        let max = max.try_into().unwrap_or(u64::MAX);
        let number = within(number, min, max, "")?;
        T::try_from(number).map_err(|_| "it is too large".to_owned())
    }
}

fn within(value: u64, min: u64, max: u64, unit: &str) -> Result<u64, String> {
    let space = if unit.is_empty() { "" } else { " " };
    if value < min {
        return Err(format!(
            "with {value} no request would succeed; the least is {min}{space}{unit}"
        ));
    }
    if value > max {
        return Err(format!("the limit cannot be above {max}{space}{unit}"));
    }
    Ok(value)
}

/// Reads a number of bytes, which may have a unit: `4096`, `64KiB`, `1.5 MB`.
pub fn bytes(text: &str) -> Result<u64, String> {
    let text = text.trim();
    let end = text
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    let factor: u64 = match unit.trim_start().to_ascii_lowercase().as_str() {
        "" | "b" => 1,
        "kb" => 1_000,
        "mb" => 1_000_000,
        "gb" => 1_000_000_000,
        "k" | "kib" => 1 << 10,
        "m" | "mib" => 1 << 20,
        "g" | "gib" => 1 << 30,
        _ if number.is_empty() => return Err(format!("`{text}` does not start with a number")),
        _ => {
            return Err(format!(
                "`{}` is not a unit of size: KB, MB, GB (1000), KiB, MiB or GiB (1024)",
                unit.trim_start()
            ));
        }
    };
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    if whole.is_empty() && fraction.is_empty() || fraction.contains('.') {
        return Err(format!("`{text}` does not start with a number"));
    }
    // Computed in integers, so that the result is exact: all digits * unit / 10^places.
    let fraction = fraction.trim_end_matches('0');
    let places = u32::try_from(fraction.len()).map_err(|_| TOO_LARGE)?;
    let digits: u128 = format!("0{whole}{fraction}")
        .parse()
        .map_err(|_| TOO_LARGE)?;
    let scale = 10_u128
        .checked_pow(places)
        .ok_or("it is not a whole number of bytes")?;
    let scaled = digits.checked_mul(factor.into()).ok_or(TOO_LARGE)?;
    if scaled % scale != 0 {
        return Err("it is not a whole number of bytes".to_owned());
    }
    u64::try_from(scaled / scale).map_err(|_| TOO_LARGE.to_owned())
}

/// Reads a sum of numbers with units (`1m30s`, `1.5h`, `2 min`), or a number of seconds.
pub fn duration(text: &str) -> Result<Duration, String> {
    const UNITS: &str = "ns, us, ms, s, min, h or d";
    let text = text.trim();
    let mut total = 0.0;
    let mut rest = text;
    while !rest.is_empty() {
        let digits = rest
            .find(|c: char| !c.is_ascii_digit() && c != '.')
            .unwrap_or(rest.len());
        let (number, tail) = rest.split_at(digits);
        let letters = tail
            .find(|c: char| c.is_ascii_digit() || c == '.')
            .unwrap_or(tail.len());
        let (unit, tail) = tail.split_at(letters);
        let number: f64 = number
            .parse()
            .map_err(|_| format!("`{rest}` does not start with a number"))?;
        total += number
            * match unit.trim() {
                "ns" => 1e-9,
                "us" | "µs" | "μs" => 1e-6,
                "ms" => 1e-3,
                "s" => 1.0,
                "m" | "min" => 60.0,
                "h" => 3600.0,
                "d" | "day" | "days" => 86_400.0,
                "" if rest == text && tail.is_empty() => 1.0,
                "" => return Err(format!("`{rest}` has no unit: {UNITS}")),
                unit => return Err(format!("`{unit}` is not a unit: {UNITS}")),
            };
        rest = tail;
    }
    match Duration::try_from_secs_f64(total) {
        Ok(duration) if !duration.is_zero() => Ok(duration),
        Ok(_) => Err("it leaves no time at all".to_owned()),
        Err(_) => Err("it is too long".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes() {
        let cases = [
            ("0", 0),
            ("4096", 4096),
            ("10MB", 10_000_000),
            ("64KiB", 65_536),
            ("64 KiB", 65_536),
            (" 1.5 kib ", 1536),
            ("0.5GB", 500_000_000),
            (".5k", 512),
            ("2G", 2 << 30),
            ("7b", 7),
            ("18446744073709551615", u64::MAX),
        ];
        for (text, expected) in cases {
            assert_eq!(bytes(text), Ok(expected), "{text}");
        }
        let cases = [
            ("", "does not start with a number"),
            (".", "does not start with a number"),
            ("-1", "does not start with a number"),
            ("many", "does not start with a number"),
            ("1.2.3k", "does not start with a number"),
            ("1e3", "not a unit"),
            ("10 parsecs", "not a unit"),
            ("1.5", "whole number of bytes"),
            ("0.0001KB", "whole number of bytes"),
            ("18446744073709551616", "more than 2^64-1"),
            (
                "99999999999999999999999999999999999999999",
                "more than 2^64-1",
            ),
            ("99999999999GiB", "more than 2^64-1"),
        ];
        for (text, expected) in cases {
            let error = bytes(text).expect_err(text);
            assert!(error.contains(expected), "{text}: {error}");
        }
    }

    #[test]
    fn durations() {
        let cases = [
            ("30", Duration::from_secs(30)),
            ("0.5", Duration::from_millis(500)),
            ("30s", Duration::from_secs(30)),
            ("500ms", Duration::from_millis(500)),
            ("1m30s", Duration::from_secs(90)),
            ("1 min 30 s", Duration::from_secs(90)),
            ("2min", Duration::from_secs(120)),
            ("1.5h", Duration::from_secs(5400)),
            ("1d", Duration::from_secs(86_400)),
            ("1d 1h", Duration::from_secs(90_000)),
            ("2 days", Duration::from_secs(172_800)),
            ("2us", Duration::from_micros(2)),
            ("7ns", Duration::from_nanos(7)),
        ];
        for (text, expected) in cases {
            assert_eq!(duration(text), Ok(expected), "{text}");
        }
        let cases = [
            ("", "no time"),
            ("0", "no time"),
            ("s", "does not start with a number"),
            ("-1s", "does not start with a number"),
            ("1..5s", "does not start with a number"),
            ("1y", "not a unit"),
            ("1s30", "no unit"),
            ("1 30", "no unit"),
            ("99999999999999999999h", "too long"),
        ];
        for (text, expected) in cases {
            let error = duration(text).expect_err(text);
            assert!(error.contains(expected), "{text}: {error}");
        }
    }

    #[test]
    fn a_limit_is_a_value_or_none() {
        assert_eq!("none".parse(), Ok(Limit::<u64>(None)));
        assert_eq!("0".parse(), Ok(Limit(Some(0))));
        assert_eq!("12KiB".parse(), Ok(Limit(Some(12_288))));
        assert!("-1".parse::<Limit<u64>>().is_err());
        assert!("".parse::<Limit<u64>>().is_err());
        assert_eq!("none".parse(), Ok(Limit::<Duration>(None)));
        assert_eq!("1m".parse(), Ok(Limit(Some(Duration::from_secs(60)))));
        assert!("0".parse::<Limit<Duration>>().is_err());
        // As the help shows the defaults.
        for text in ["none", "900s"] {
            let limit: Limit<Duration> = text.parse().unwrap();
            assert_eq!(limit.to_string(), text);
        }
    }

    #[test]
    fn a_number_is_within_its_bounds() {
        let number = number(1, 128_u32);
        assert_eq!(number("128"), Ok(128));
        assert!(number("0").unwrap_err().contains("the least is 1"));
        assert!(number("129").unwrap_err().contains("above 128"));
        assert!(number("99999999999999999999").is_err());
        assert!(number("1.5").unwrap_err().contains("whole number"));
        let length = size(0, 65_536);
        assert_eq!(length("64KiB"), Ok(65_536));
        assert!(length("65537").unwrap_err().contains("above 65536 bytes"));
    }
}
