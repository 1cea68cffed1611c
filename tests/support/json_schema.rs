//! As much of JSON Schema 2020-12 as `docs/report.schema.json` uses. A keyword it does not know is an error, so that
//! nothing in the schema goes unchecked.

use serde_json::Value;

/// Everything in `value` that is not as `schema` says, with its place.
pub fn faults(schema: &Value, value: &Value) -> Vec<String> {
    let mut found = Vec::new();
    check(schema, schema, value, "", &mut found);
    found
}

fn check(root: &Value, schema: &Value, value: &Value, at: &str, found: &mut Vec<String>) {
    let mut wrong = |what: String| found.push(format!("{at}: {what}"));
    let Some(schema) = schema.as_object() else { return wrong("the schema is no object".to_owned()) };
    for (keyword, rule) in schema {
        match keyword.as_str() {
            "$schema" | "$id" | "$defs" | "title" | "description" | "format" => {}
            "type" => {
                let names: Vec<&str> = match rule {
                    Value::Array(names) => names.iter().filter_map(Value::as_str).collect(),
                    name => name.as_str().into_iter().collect(),
                };
                if !names.iter().any(|name| is(name, value)) {
                    wrong(format!("{} is none of {names:?}", short(value)));
                }
            }
            "const" if value != rule => wrong(format!("{} is not {rule}", short(value))),
            "const" => {}
            "enum" if !rule.as_array().unwrap().contains(value) => {
                wrong(format!("{} is none of {rule}", short(value)))
            }
            "enum" => {}
            "minimum" | "maximum" => {
                let (number, limit) = (value.as_i64(), rule.as_i64().unwrap());
                let fits = |number| if keyword == "minimum" { number >= limit } else { number <= limit };
                if !number.is_none_or(fits) {
                    wrong(format!("{value} is beyond the {keyword} {rule}"));
                }
            }
            "minLength" | "maxLength" => {
                let (length, limit) =
                    (value.as_str().map(|text| text.chars().count() as u64), rule.as_u64().unwrap());
                let good =
                    length.is_none_or(
                        |length| if keyword == "minLength" { length >= limit } else { length <= limit },
                    );
                if !good {
                    wrong(format!("{} has not the right length", short(value)));
                }
            }
            _ => {}
        }
    }
    parts(root, schema, value, at, found);
}

/// The keywords that lead into the value.
fn parts(
    root: &Value,
    schema: &serde_json::Map<String, Value>,
    value: &Value,
    at: &str,
    found: &mut Vec<String>,
) {
    for (keyword, rule) in schema {
        match keyword.as_str() {
            "$schema" | "$id" | "$defs" | "title" | "description" | "format" | "type" | "const" | "enum"
            | "minimum" | "maximum" | "minLength" | "maxLength" => {}
            "$ref" => {
                let pointer = rule.as_str().unwrap().trim_start_matches('#');
                check(root, root.pointer(pointer).unwrap(), value, at, found);
            }
            "anyOf" => {
                let mut tried = rule.as_array().unwrap().iter().map(|one| {
                    let mut faults = Vec::new();
                    check(root, one, value, at, &mut faults);
                    faults
                });
                let first = tried.next().unwrap();
                if !first.is_empty() && !tried.any(|faults| faults.is_empty()) {
                    found.extend(first);
                }
            }
            "properties" => {
                for (name, rule) in rule.as_object().unwrap() {
                    if let Some(value) = value.get(name) {
                        check(root, rule, value, &format!("{at}/{name}"), found);
                    }
                }
            }
            "required" => {
                for name in rule.as_array().unwrap().iter().filter_map(Value::as_str) {
                    if value.is_object() && value.get(name).is_none() {
                        found.push(format!("{at}: {name} is missing"));
                    }
                }
            }
            "additionalProperties" => {
                assert_eq!(rule, &Value::Bool(false));
                let known = schema["properties"].as_object().unwrap();
                for name in value.as_object().into_iter().flat_map(|fields| fields.keys()) {
                    if !known.contains_key(name) {
                        found.push(format!("{at}: {name} is not in the schema"));
                    }
                }
            }
            "items" => {
                for (place, value) in value.as_array().into_iter().flatten().enumerate() {
                    check(root, rule, value, &format!("{at}/{place}"), found);
                }
            }
            unknown => found.push(format!("{at}: the keyword {unknown} is not known here")),
        }
    }
}

fn is(name: &str, value: &Value) -> bool {
    match name {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64() || value.is_u64(),
        "string" => value.is_string(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        _ => false,
    }
}

fn short(value: &Value) -> String {
    value.to_string().chars().take(80).collect()
}
