//! `--invoke`: finds the function, parses its parameters, and prints its results.

use std::fmt::Write;

use wasmtime::error::Context;
use wasmtime::{FuncType, Module, Result, Val, ValType, bail};

use crate::say;

/// The name and the arguments of a call: `add` with those of the command line, or `add(1, 2)`.
pub fn call<'a>(
    module: &Module,
    invoke: &'a str,
    arguments: &[String],
) -> Result<(&'a str, Vec<String>)> {
    let written = invoke
        .split_once('(')
        .and_then(|(name, rest)| Some((name.trim(), rest.trim_end().strip_suffix(')')?)));
    match written {
        Some((name, written)) if module.get_export(invoke).is_none() => {
            if !arguments.is_empty() {
                bail!("`{invoke}` includes its arguments, but there are others after the module");
            }
            let written = match written.trim() {
                "" => Vec::new(),
                written => written
                    .split(',')
                    .map(|text| text.trim().to_owned())
                    .collect(),
            };
            Ok((name, written))
        }
        _ => Ok((invoke, arguments.to_vec())),
    }
}

/// The function of this name that a module exports.
pub fn find(module: &Module, name: &str) -> Result<FuncType> {
    if let Some(export) = module.get_export(name) {
        return match export.func() {
            Some(function) => Ok(function.clone()),
            None => bail!(
                "the export `{name}` is not a function\n{}",
                functions(module)
            ),
        };
    }
    if name == "_start" {
        bail!(
            "the module is a library: it has no function `_start`. Call another one with \
             --invoke NAME\n{}",
            functions(module)
        );
    }
    bail!(
        "the module exports no function `{name}`\n{}",
        functions(module)
    )
}

/// The list of the functions that a module exports.
fn functions(module: &Module) -> String {
    let mut list = String::new();
    for export in module.exports() {
        if let Some(function) = export.ty().func() {
            // Writing to a string cannot fail.
            let _ = write!(list, "\n    {}", signature(export.name(), function));
        }
    }
    if list.is_empty() {
        return "It exports no function at all".to_owned();
    }
    format!("It exports the functions{list}")
}

/// A function as it is written in messages: `add(i32, i32) -> i32`.
fn signature(name: &str, function: &FuncType) -> String {
    let types = |types: &mut dyn Iterator<Item = ValType>| {
        types
            .map(|ty| ty.to_string())
            .collect::<Vec<_>>()
            .join(", ")
    };
    let mut text = format!("{}({})", say::name(name), types(&mut function.params()));
    match function.results().len() {
        0 => {}
        1 => text.push_str(&format!(" -> {}", types(&mut function.results()))),
        _ => text.push_str(&format!(" -> ({})", types(&mut function.results()))),
    }
    text
}

/// The values that a function is called with.
pub fn parameters(name: &str, function: &FuncType, arguments: &[String]) -> Result<Vec<Val>> {
    let wanted = function.params().len();
    if wanted != arguments.len() {
        bail!(
            "`{}` takes {} and got {}",
            signature(name, function),
            count(wanted, "argument"),
            arguments.len()
        );
    }
    let parameters = function.params().zip(arguments).enumerate();
    parameters
        .map(|(index, (ty, text))| {
            parameter(&ty, text).with_context(|| {
                format!("argument {} of `{}`", index + 1, signature(name, function))
            })
        })
        .collect()
}

/// Room for the results of a function.
pub fn results(function: &FuncType) -> Vec<Val> {
    // The values are overwritten, and of another type at first.
    vec![Val::I32(0); function.results().len()]
}

/// A result as text.
pub fn result_to_string(value: &Val) -> String {
    match value {
        Val::I32(value) => value.to_string(),
        Val::I64(value) => value.to_string(),
        Val::F32(bits) => f32::from_bits(*bits).to_string(),
        Val::F64(bits) => f64::from_bits(*bits).to_string(),
        Val::V128(value) => value.as_u128().to_string(),
        Val::FuncRef(_) => "<funcref>".to_owned(),
        Val::ExternRef(_) => "<externref>".to_owned(),
        Val::AnyRef(_) => "<anyref>".to_owned(),
        Val::ExnRef(_) => "<exnref>".to_owned(),
        Val::ContRef(_) => "<contref>".to_owned(),
    }
}

fn parameter(ty: &ValType, text: &str) -> Result<Val> {
    match ty {
        ValType::I32 => match integer(text) {
            // Truncation keeps the bits, which have no sign in wasm.
            Some(value) if (i32::MIN.into()..=u32::MAX.into()).contains(&value) => {
                Ok(Val::I32(value as i32))
            }
            _ => bail!("`{text}` is not an i32: an integer from -2147483648 to 4294967295"),
        },
        ValType::I64 => match integer(text) {
            Some(value) if (i64::MIN.into()..=u64::MAX.into()).contains(&value) => {
                Ok(Val::I64(value as i64))
            }
            _ => bail!("`{text}` is not an i64: an integer from -2^63 to 2^64-1"),
        },
        ValType::F32 => match text.parse::<f32>() {
            Ok(value) => Ok(Val::F32(value.to_bits())),
            Err(_) => bail!("`{text}` is not an f32: a number such as 1.5, -2e3, inf or nan"),
        },
        ValType::F64 => match text.parse::<f64>() {
            Ok(value) => Ok(Val::F64(value.to_bits())),
            Err(_) => bail!("`{text}` is not an f64: a number such as 1.5, -2e3, inf or nan"),
        },
        other => bail!("a value of type {other} cannot be written on a command line"),
    }
}

/// Reads a decimal integer, or a hexadecimal one with `0x`.
fn integer(text: &str) -> Option<i128> {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => (-1, digits),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    // `from_str_radix` would accept a second sign.
    if !digits.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let value = match digits.strip_prefix("0x").or(digits.strip_prefix("0X")) {
        Some(digits) if !digits.starts_with('+') => i128::from_str_radix(digits, 16),
        Some(_) => return None,
        None => digits.parse(),
    };
    value.ok().map(|value| sign * value)
}

fn count(number: usize, noun: &str) -> String {
    match number {
        0 => format!("no {noun}s"),
        1 => format!("1 {noun}"),
        _ => format!("{number} {noun}s"),
    }
}

#[cfg(test)]
mod tests {
    use wasmtime::Engine;

    use super::*;

    fn printed(ty: &ValType, text: &str) -> Result<String> {
        parameter(ty, text).map(|value| result_to_string(&value))
    }

    #[test]
    fn arguments_are_read_by_type() {
        let cases = [
            (ValType::I32, "0", "0"),
            (ValType::I32, "+7", "7"),
            (ValType::I32, "-2147483648", "-2147483648"),
            (ValType::I32, "4294967295", "-1"),
            (ValType::I32, "0xff", "255"),
            (ValType::I32, "-0x1", "-1"),
            (ValType::I32, "0xFFFFFFFF", "-1"),
            (ValType::I64, "-9223372036854775808", "-9223372036854775808"),
            (ValType::I64, "18446744073709551615", "-1"),
            (ValType::I64, "0x7fffffffffffffff", "9223372036854775807"),
            (ValType::F32, "1.5", "1.5"),
            (ValType::F32, "0.1", "0.1"),
            (ValType::F32, "-2e3", "-2000"),
            (ValType::F64, "3", "3"),
            (ValType::F64, "-inf", "-inf"),
            (ValType::F64, "nan", "NaN"),
        ];
        for (ty, text, expected) in cases {
            assert_eq!(printed(&ty, text).expect(text), expected, "{ty} {text}");
        }
    }

    #[test]
    fn what_does_not_fit_the_type_is_refused() {
        let cases = [
            (ValType::I32, "4294967296", "not an i32"),
            (ValType::I32, "-2147483649", "not an i32"),
            (ValType::I32, "1.5", "not an i32"),
            (ValType::I32, "", "not an i32"),
            (ValType::I32, "--1", "not an i32"),
            (ValType::I32, "0x+1", "not an i32"),
            (ValType::I32, "abc", "not an i32"),
            (ValType::I64, "18446744073709551616", "not an i64"),
            (ValType::I64, "-9223372036854775809", "not an i64"),
            (ValType::F32, "one", "not an f32"),
            (ValType::F64, "0x1", "not an f64"),
            (ValType::V128, "0", "v128"),
            (ValType::FUNCREF, "0", "cannot be written"),
        ];
        for (ty, text, expected) in cases {
            let error = printed(&ty, text).expect_err(text).to_string();
            assert!(error.contains(expected), "{ty} {text}: {error}");
        }
    }

    #[test]
    fn the_number_of_arguments_must_match() {
        let engine = Engine::default();
        let function = FuncType::new(&engine, [ValType::I32, ValType::F64], [ValType::I64]);
        let arguments = |texts: &[&str]| {
            texts
                .iter()
                .map(|text| (*text).to_owned())
                .collect::<Vec<_>>()
        };
        assert_eq!(
            parameters("f", &function, &arguments(&["1", "2"]))
                .unwrap()
                .len(),
            2
        );
        for texts in [&[][..], &["1"], &["1", "2", "3"]] {
            let error = parameters("f", &function, &arguments(texts))
                .unwrap_err()
                .to_string();
            let expected = format!(
                "`f(i32, f64) -> i64` takes 2 arguments and got {}",
                texts.len()
            );
            assert_eq!(error, expected);
        }
        let error = parameters("f", &function, &arguments(&["1", "x"])).unwrap_err();
        assert!(
            format!("{error:#}").starts_with("argument 2 of `f(i32, f64) -> i64`"),
            "{error:#}"
        );
    }
}
