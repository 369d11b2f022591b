//! Checks of what has no compiler: JSON against its schema, and Markdown in itself.

use std::collections::HashSet;

use anyhow::{Context, Result};
use serde_json::Value;

/// Says why a text is no JSON of a schema.
pub fn json(schema: &str, text: &str) -> Result<Result<(), String>> {
    let schema = serde_json::from_str(schema).context("the schema is no JSON")?;
    let validator = jsonschema::validator_for(&schema).context("the schema is none")?;
    let value: Value = match serde_json::from_str(text) {
        Ok(value) => value,
        Err(error) => return Ok(Err(error.to_string())),
    };
    let faults = validator.iter_errors(&value);
    let faults: Vec<String> = faults
        .map(|fault| format!("{}: {fault}", fault.instance_path()))
        .collect();
    Ok(match faults[..] {
        [] => Ok(()),
        _ => Err(faults.join("; ")),
    })
}

/// Says what is wrong with a reference: a link to a place that is not there, a block of code
/// that does not end, or a row of a table that has not as many cells as its head.
pub fn markdown(text: &str) -> Result<(), String> {
    let mut places = HashSet::new();
    let mut links = Vec::new();
    let mut fence: Option<&str> = None;
    let mut columns = None;
    for (number, line) in (1..).zip(text.lines()) {
        let trimmed = line.trim_start();
        let ticks = trimmed.len() - trimmed.trim_start_matches('`').len();
        match fence {
            Some(open) => {
                if trimmed.trim_end() == open {
                    fence = None;
                }
                continue;
            }
            None if ticks >= 3 => {
                fence = Some(&trimmed[..ticks]);
                continue;
            }
            None => {}
        }
        if line.starts_with("    ") {
            continue;
        }
        if let Some(title) = line.strip_prefix('#') {
            places.insert(slug(title.trim_start_matches('#')));
        }
        for part in line.split("<a id=\"").skip(1) {
            places.insert(part.split('"').next().unwrap_or_default().to_owned());
        }
        for part in line.split("](#").skip(1) {
            let target = part.split(')').next().unwrap_or_default();
            links.push((number, target.to_owned()));
        }
        if line.starts_with('|') {
            let cells = line.replace("\\|", "").matches('|').count();
            if *columns.get_or_insert(cells) != cells {
                return Err(format!("line {number}: a row of another length: {line}"));
            }
        } else {
            columns = None;
        }
    }
    if fence.is_some() {
        return Err("a block of code does not end".to_owned());
    }
    match links.iter().find(|(_, target)| !places.contains(target)) {
        Some((number, target)) => Err(format!("line {number}: there is no place `#{target}`")),
        None => Ok(()),
    }
}

/// The name of the place that a heading makes, as GitHub has it.
fn slug(title: &str) -> String {
    let kept = |c: &char| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_');
    let title = title.trim().to_lowercase();
    title
        .chars()
        .filter(kept)
        .collect::<String>()
        .replace(' ', "-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_of_a_schema_is_found() {
        let schema = r##"{"type": "object", "required": ["a"], "additionalProperties": false,
            "properties": {"a": {"$ref": "#/$defs/n"}}, "$defs": {"n": {"type": "integer"}}}"##;
        let check = |text| json(schema, text).unwrap().err();
        assert_eq!(check(r#"{"a": 1}"#), None);
        assert!(check(r#"{"a": "x"}"#).unwrap().starts_with("/a: "));
        assert!(
            check("{}")
                .unwrap()
                .contains("\"a\" is a required property")
        );
        assert!(check(r#"{"a": 1, "b": 1}"#).unwrap().contains("'b'"));
        assert!(check("{").is_some());
    }

    #[test]
    fn faults_of_markdown_are_found() {
        let good = "# A b\n\n[x](#a-b)\n\n| a | b |\n|---|---|\n| 1 | 2 |\n";
        assert_eq!(markdown(good), Ok(()));
        assert!(markdown("[x](#a)").is_err());
        assert!(markdown("```\nx").is_err());
        assert!(markdown("| a |\n|---|---|").is_err());
    }
}
