//! Where the levels of a policy come from: the node's file, the annotations of a pod, and the
//! environment of a container. [`crate::policy`] combines them.

use std::path::{Path, PathBuf};
use std::{env, fs};

use serde_json::Value;
use wasi_experimental_http_wasmtime::ClientCertificate;
use wasmtime_http::args::Arguments;

use crate::policy::{ALLOW_PRIVATE, Level};

/// The node's file.
const NODE_FILE: &str = "/etc/wasmtime-http/shim.toml";

/// A variable of containerd's own environment, which names another one.
const NODE_FILE_VARIABLE: &str = "WASMTIME_HTTP_SHIM_CONFIG";

/// How the names of annotations start; the rest is an option's.
const ANNOTATION: &str = "wasmtime-http.dev/";

/// How the names of variables start; the rest is an option's, in capitals and with `_` for `-`.
const VARIABLE: &str = "WASMTIME_HTTP_";

/// What annotations and variables call the hosts, of which one value names several.
const HOSTS: &str = "allowed-hosts";

/// Options of the node's file that are passed on as they are: no other level has them.
const PASSED: [&str; 2] = ["proxy", "no-proxy"];

/// What the operator of the node says.
#[derive(Clone, Default)]
pub struct Node {
    pub level: Level,
    /// Options for `wasmtime-http` that only the node has.
    pub options: Vec<String>,
    /// What is in the files of certificate authorities.
    pub authorities: Vec<Vec<u8>>,
    pub client_certificates: Vec<ClientCertificate>,
}

impl Node {
    /// Reads the node's file, if there is one.
    pub fn read() -> Result<Node, String> {
        match env::var_os(NODE_FILE_VARIABLE) {
            Some(path) => Self::of_file(Path::new(&path)),
            None if Path::new(NODE_FILE).exists() => Self::of_file(Path::new(NODE_FILE)),
            None => Ok(Node::default()),
        }
    }

    fn of_file(path: &Path) -> Result<Node, String> {
        let name = path.display().to_string();
        let mut node = Node {
            level: Level::new(&name),
            ..Node::default()
        };
        let mut verbose = 0;
        for word in Arguments::options_of_file(path)? {
            let option = word.trim_start_matches("--");
            let (option, value) = option.split_once('=').unwrap_or((option, "true"));
            let in_file = |error| format!("{name}: {option}: {error}");
            match option {
                "verbose" => verbose += 1,
                "ca-file" => {
                    let read = fs::read(value);
                    let text =
                        read.map_err(|error| in_file(format!("cannot read {value}: {error}")))?;
                    node.authorities.push(text);
                }
                "client-cert" => {
                    let parsed = Arguments::parse(["wasmtime-http", &word, "module"]);
                    let parsed = parsed.map_err(|error| in_file(error.to_string()))?;
                    node.client_certificates.extend(parsed.client_certificates);
                }
                _ if PASSED.contains(&option) => node.options.push(word.clone()),
                _ => node.level.set(option, value).map_err(in_file)?,
            }
        }
        if verbose > 0 {
            node.level.set("verbose", &verbose.to_string())?;
        }
        // As an option of a command line it would be left out, which does not narrow anything.
        if is_false(path, ALLOW_PRIVATE) {
            node.level.set(ALLOW_PRIVATE, "false")?;
        }
        Ok(node)
    }
}

/// Whether a file of options has `false` for this one.
fn is_false(path: &Path, option: &str) -> bool {
    let text = fs::read_to_string(path).unwrap_or_default();
    let table = text.parse::<toml::Table>().unwrap_or_default();
    table.get(option).and_then(toml::Value::as_bool) == Some(false)
}

/// What annotations say; those of others are none of ours.
pub fn of_annotations<'a>(
    annotations: impl IntoIterator<Item = (&'a str, &'a str)>,
) -> Result<Level, String> {
    let mut level = Level::new("the annotations of the pod");
    for (name, value) in annotations {
        let Some(option) = name.strip_prefix(ANNOTATION) else {
            continue;
        };
        set(&mut level, option, value).map_err(|error| format!("annotation {name}: {error}"))?;
    }
    Ok(level)
}

/// What the variables of a container's environment, `NAME=VALUE`, say.
pub fn of_environment<'a>(variables: impl IntoIterator<Item = &'a str>) -> Result<Level, String> {
    let mut level = Level::new("the environment of the container");
    for variable in variables {
        let Some((name, value)) = variable.split_once('=') else {
            continue;
        };
        let Some(option) = name.strip_prefix(VARIABLE) else {
            continue;
        };
        let option = option.to_lowercase().replace('_', "-");
        set(&mut level, &option, value).map_err(|error| format!("variable {name}: {error}"))?;
    }
    Ok(level)
}

/// Whether a variable, `NAME=VALUE`, is for the shim rather than for the module.
pub fn is_ours(variable: &str) -> bool {
    variable.starts_with(VARIABLE)
}

fn set(level: &mut Level, option: &str, value: &str) -> Result<(), String> {
    match option {
        HOSTS => level.add_hosts(value),
        _ => level.set(option, value),
    }
}

/// What the bundle of a container says, which is in this directory: the annotations, the variables, and the
/// network. Nothing, if there is none.
#[derive(Default)]
pub struct Bundle {
    pub annotations: Vec<(String, String)>,
    pub environment: Vec<String>,
    /// Whether the container gets a new network namespace, rather than one that is there already.
    pub has_new_network: bool,
}

impl Bundle {
    pub fn read(directory: &Path) -> Result<Bundle, String> {
        let path: PathBuf = directory.join("config.json");
        let Ok(text) = fs::read_to_string(&path) else {
            return Ok(Bundle::default());
        };
        let spec: Value = serde_json::from_str(&text)
            .map_err(|error| format!("cannot read {}: {error}", path.display()))?;
        let annotations = spec["annotations"].as_object().into_iter().flatten();
        let environment = spec["process"]["env"].as_array().into_iter().flatten();
        let mut namespaces = spec["linux"]["namespaces"].as_array().into_iter().flatten();
        Ok(Bundle {
            has_new_network: namespaces.any(|namespace| {
                let path = namespace["path"].as_str().unwrap_or_default();
                namespace["type"] == "network" && path.is_empty()
            }),
            annotations: annotations
                .filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned())))
                .collect(),
            environment: environment
                .filter_map(|value| value.as_str().map(str::to_owned))
                .collect(),
        })
    }

    pub fn annotations(&self) -> impl Iterator<Item = (&str, &str)> {
        let annotations = self.annotations.iter();
        annotations.map(|(name, value)| (name.as_str(), value.as_str()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::{self, narrow};

    fn node(text: &str) -> Result<Node, String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("shim.toml");
        fs::write(&path, text).unwrap();
        Node::of_file(&path)
    }

    #[test]
    fn the_three_levels_have_the_same_options() {
        let node =
            node("allowed-host = [\"https://a.example\"]\nmax-memory = \"1MiB\"\nverbose = 2")
                .unwrap()
                .level;
        let annotations = of_annotations([
            ("wasmtime-http.dev/allowed-hosts", "https://a.example"),
            ("wasmtime-http.dev/max-memory", "1MiB"),
            ("wasmtime-http.dev/verbose", "2"),
            ("example.com/max-memory", "1KiB"),
        ]);
        let environment = of_environment([
            "WASMTIME_HTTP_ALLOWED_HOSTS=https://a.example",
            "WASMTIME_HTTP_MAX_MEMORY=1MiB",
            "WASMTIME_HTTP_VERBOSE=2",
            "PATH=/bin",
        ]);
        for level in [node, annotations.unwrap(), environment.unwrap()] {
            assert_eq!(
                narrow(&[level]).options,
                [
                    "--max-memory=1MiB",
                    "--verbose",
                    "--verbose",
                    "--allowed-host=https://a.example"
                ]
            );
        }
    }

    #[test]
    fn every_option_of_the_command_is_here_or_left_out_on_purpose() {
        use clap::CommandFactory;

        // What an image or containerd says, what is for a person at a terminal, and what would let a
        // module do more.
        let left_out = [
            "allow-precompiled",
            "argv0",
            "codegen",
            "config",
            "dir",
            "env",
            "generate",
            "har",
            "header",
            "invoke",
            "no-cache",
            "optimize",
            "preload",
            "print-config",
            "wasi",
            "wasm",
        ];
        for option in Arguments::command().get_arguments() {
            let Some(name) = option.get_long() else {
                continue;
            };
            let is_of_node = PASSED.contains(&name) || ["ca-file", "client-cert"].contains(&name);
            assert_eq!(
                is_of_node || policy::is_option(name),
                !left_out.contains(&name),
                "{name}: add it to OPTIONS, to PASSED, or to what is left out"
            );
        }
    }

    #[test]
    fn one_value_names_several_hosts() {
        let hosts = "GET,HEAD https://a.example/v1/\n  https://b.example\n";
        let level = of_annotations([("wasmtime-http.dev/allowed-hosts", hosts)]).unwrap();
        assert_eq!(
            narrow(&[level]).options,
            [
                "--allowed-host=GET,HEAD https://a.example/v1/",
                "--allowed-host=https://b.example"
            ]
        );
    }

    #[test]
    fn a_node_that_refuses_private_addresses_is_heard() {
        let pod = of_annotations([
            ("wasmtime-http.dev/allowed-hosts", "http://a.example"),
            ("wasmtime-http.dev/allow-private", "true"),
        ])
        .unwrap();
        for (text, expected) in [
            ("", true),
            ("allow-private = true", true),
            ("allow-private = false", false),
        ] {
            let options = narrow(&[node(text).unwrap().level, pod.clone()]).options;
            let is_allowed = options.contains(&"--allow-private".to_owned());
            assert_eq!(is_allowed, expected, "{text}");
        }
    }

    #[test]
    fn what_is_malformed_says_where_it_is() {
        let cases = [
            (
                of_annotations([("wasmtime-http.dev/allowed-hosts", "a.example")]),
                "annotation wasmtime-http.dev/allowed-hosts: ",
            ),
            (
                of_annotations([("wasmtime-http.dev/allowed-host", "a.example")]),
                "annotation wasmtime-http.dev/allowed-host: ",
            ),
            (
                of_annotations([("wasmtime-http.dev/nonsense", "1")]),
                "annotation wasmtime-http.dev/nonsense: there is no such option",
            ),
            // Files of the node, and its proxy, are its own.
            (
                of_annotations([("wasmtime-http.dev/client-cert", "/node.pem")]),
                "annotation wasmtime-http.dev/client-cert: there is no such option",
            ),
            (
                of_annotations([("wasmtime-http.dev/ca-file", "/node.pem")]),
                "annotation wasmtime-http.dev/ca-file: there is no such option",
            ),
            (
                of_environment(["WASMTIME_HTTP_PROXY=http://127.0.0.1:1"]),
                "variable WASMTIME_HTTP_PROXY: there is no such option",
            ),
            (
                of_environment(["WASMTIME_HTTP_TIMEOUT=x"]),
                "variable WASMTIME_HTTP_TIMEOUT: ",
            ),
        ];
        for (level, expected) in cases {
            let error = level.unwrap_err();
            assert!(error.starts_with(expected), "{error}");
        }
        for (text, expected) in [
            ("allowed-host = [", "shim.toml:1:"),
            ("allowed-host = [\"a.example\"]", "shim.toml:1:"),
            ("max-memory = \"x\"", "shim.toml:1:"),
            ("dir = [\"/\"]", "shim.toml: dir: there is no such option"),
            (
                "ca-file = [\"/nowhere\"]",
                "shim.toml: ca-file: cannot read",
            ),
        ] {
            let error = node(text).err().expect(text);
            assert!(error.contains(expected), "{text}: {error}");
        }
    }

    #[test]
    fn a_new_network_is_one_without_a_path() {
        for (namespace, expected) in [
            (r#"{"type": "network"}"#, true),
            (r#"{"type": "network", "path": ""}"#, true),
            (r#"{"type": "network", "path": "/proc/1/ns/net"}"#, false),
            (r#"{"type": "pid"}"#, false),
        ] {
            let folder = tempfile::tempdir().unwrap();
            let spec = format!(r#"{{"linux": {{"namespaces": [{namespace}]}}}}"#);
            fs::write(folder.path().join("config.json"), spec).unwrap();
            let bundle = Bundle::read(folder.path()).unwrap();
            assert_eq!(bundle.has_new_network, expected, "{namespace}");
        }
    }
}
