//! Checks of what has no compiler: JSON against its schema, and Markdown in itself.

use std::collections::HashSet;

use anyhow::{Context, Result};
use serde_json::Value;

/// Says why a text is no JSON of a schema. The schema may use what [`validate`] knows.
pub fn json(schema: &str, text: &str) -> Result<Result<(), String>> {
    let schema: Value = serde_json::from_str(schema).context("the schema is no JSON")?;
    let value: Value = match serde_json::from_str(text) {
        Ok(value) => value,
        Err(error) => return Ok(Err(error.to_string())),
    };
    Ok(validate(&schema, &schema, &value, "$"))
}

/// The part of JSON Schema that is used: `$ref` to definitions, `type`, `const`, `enum`,
/// `properties`, `required`, `additionalProperties: false`, `items`, `oneOf`, `pattern` for
/// decimal numbers and `minimum: 0`, which all numbers satisfy that are integers here.
fn validate(root: &Value, schema: &Value, value: &Value, at: &str) -> Result<(), String> {
    const KEYWORDS: [&str; 18] = [
        "$schema",
        "$id",
        "$defs",
        "$ref",
        "title",
        "description",
        "type",
        "const",
        "enum",
        "properties",
        "required",
        "additionalProperties",
        "items",
        "oneOf",
        // Of forms that exclude each other, so the same as `oneOf` here.
        "anyOf",
        "pattern",
        "minimum",
        // The size of a number, which its `minimum` and the document bound.
        "format",
    ];
    for keyword in schema
        .as_object()
        .into_iter()
        .flatten()
        .map(|(name, _)| name)
    {
        if !KEYWORDS.contains(&keyword.as_str()) {
            return Err(format!("the schema uses `{keyword}`, which is not checked"));
        }
    }
    if let Some(reference) = schema["$ref"].as_str() {
        let pointer = reference.trim_start_matches('#');
        let target = root.pointer(pointer);
        let target = target.ok_or_else(|| format!("the schema has no {reference}"))?;
        return validate(root, target, value, at);
    }
    let kind = match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_u64() => "integer",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    if let Some(wanted) = schema["type"].as_str()
        && wanted != kind
    {
        return Err(format!("{at} is {kind}, not {wanted}"));
    }
    if !schema["const"].is_null() && schema["const"] != *value {
        return Err(format!("{at} is {value}, not {}", schema["const"]));
    }
    if let Some(values) = schema["enum"].as_array()
        && !values.contains(value)
    {
        return Err(format!("{at} is {value}, which is none of the values"));
    }
    if schema["pattern"].is_string() {
        let text = value.as_str().unwrap_or_default();
        if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(format!("{at} is {value}, which is no decimal number"));
        }
    }
    for name in schema["required"].as_array().into_iter().flatten() {
        let name = name.as_str().unwrap_or_default();
        if value.get(name).is_none() {
            return Err(format!("{at} has no `{name}`"));
        }
    }
    if let Some(members) = value.as_object() {
        for (name, member) in members {
            let at = format!("{at}.{name}");
            match schema["properties"].get(name) {
                Some(schema) => validate(root, schema, member, &at)?,
                None if schema["additionalProperties"] == false => {
                    return Err(format!("{at} is not in the schema"));
                }
                None => {}
            }
        }
    }
    if !schema["items"].is_null() {
        for (index, item) in value.as_array().into_iter().flatten().enumerate() {
            validate(root, &schema["items"], item, &format!("{at}[{index}]"))?;
        }
    }
    for choices in ["oneOf", "anyOf"]
        .iter()
        .filter_map(|forms| schema[*forms].as_array())
    {
        let results = choices.iter().map(|s| validate(root, s, value, at));
        let (valid, invalid): (Vec<_>, Vec<_>) = results.partition(Result::is_ok);
        if valid.len() != 1 {
            let reasons: Vec<String> = invalid.into_iter().filter_map(Result::err).collect();
            let count = valid.len();
            return Err(format!(
                "{at} is {count} of its forms: {}",
                reasons.join("; ")
            ));
        }
    }
    Ok(())
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
        assert_eq!(
            check(r#"{"a": "x"}"#).unwrap(),
            "$.a is string, not integer"
        );
        assert_eq!(check("{}").unwrap(), "$ has no `a`");
        assert_eq!(
            check(r#"{"a": 1, "b": 1}"#).unwrap(),
            "$.b is not in the schema"
        );
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
