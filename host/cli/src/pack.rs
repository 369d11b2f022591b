//! `wasmtime-http pack`: a module as an image, for containerd and registries.
//!
//! The archive is an image layout (the OCI image specification, `image-layout.md`), of which `ctr image
//! import`, `docker load`, `skopeo` and others make images.

use std::ffi::OsString;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap::{Parser, ValueHint};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use wasmtime::error::Context;
use wasmtime::{Engine, Result, bail};

use crate::module;

/// The first word of a command line that packs.
pub const COMMAND: &str = "pack";

/// Makes an image of a module, for containerd and registries
///
/// The image has one layer, with the module, and it starts the module. Its platform is `wasip1/wasm`, as
/// runtimes for modules expect it. The same module makes the same archive.
#[derive(Debug, Parser)]
#[command(name = "wasmtime-http pack", version, max_term_width = 100)]
pub struct PackArguments {
    /// The module, a .wasm or .wat file
    #[arg(value_hint = ValueHint::FilePath)]
    module: PathBuf,

    /// The archive that is written
    #[arg(short, long, value_name = "IMAGE.tar", value_hint = ValueHint::FilePath)]
    output: PathBuf,

    /// What the image is called, such as registry.example.com/app:1.0; by default, after the module's file
    #[arg(short, long, value_name = "NAME[:TAG]")]
    name: Option<String>,

    /// The function to call
    #[arg(short, long, value_name = "FUNCTION", default_value = "_start")]
    invoke: String,

    /// Make a wasm OCI artifact, whose layer is the module itself
    ///
    /// It has no file system, so that builders and scanners of images have no use for it; containerd takes
    /// it from 1.6.25 and 1.7.7 on.
    #[arg(long)]
    artifact: bool,
}

impl PackArguments {
    /// What a command line says, if it is one that packs; ends the process if that is wrong.
    pub fn from_command_line() -> Option<Self> {
        let mut words: Vec<OsString> = std::env::args_os().collect();
        if words.get(1).is_none_or(|word| word != COMMAND) {
            return None;
        }
        words.remove(1);
        Some(Self::parse_from(words))
    }
}

/// Writes the image.
///
/// # Errors
///
/// If the module cannot be read or is none, or the archive cannot be written.
pub fn run(arguments: &PackArguments) -> Result<()> {
    let path = &arguments.module;
    let bytes =
        fs::read(path).with_context(|| format!("cannot read the module `{}`", path.display()))?;
    let bytes = match bytes.starts_with(b"\0asm") {
        true => bytes,
        false => wat(&bytes, path)?,
    };
    // An image of something else would fail on every node.
    let engine = Engine::default();
    let compiled = module::compile(&engine, &path.display().to_string(), bytes.clone(), false)?;
    if compiled.get_export(&arguments.invoke).is_none() {
        bail!(
            "the module exports no function `{}`: name another with --invoke",
            arguments.invoke
        );
    }
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    let file = format!("{stem}.wasm");
    let name = arguments
        .name
        .clone()
        .unwrap_or_else(|| stem.to_lowercase());
    let written = image(&bytes, &file, &name, arguments);
    written
        .and_then(|image| fs::write(&arguments.output, image))
        .with_context(|| format!("cannot write the image `{}`", arguments.output.display()))
}

/// The binary form of a module in text.
fn wat(bytes: &[u8], path: &Path) -> Result<Vec<u8>> {
    let name = path.display();
    let text = std::str::from_utf8(bytes);
    let text = text.with_context(|| format!("`{name}` is neither a .wasm file nor text"))?;
    wat::parse_str(text).with_context(|| format!("`{name}` is not a valid module in text"))
}

/// The archive.
fn image(module: &[u8], file: &str, name: &str, arguments: &PackArguments) -> io::Result<Vec<u8>> {
    let mut archive = Archive::default();
    let layer = match arguments.artifact {
        true => archive.blob(ARTIFACT_LAYER, module)?,
        false => {
            let mut layer = tar::Builder::new(Vec::new());
            append(&mut layer, file, module, 0o755)?;
            archive.blob(LAYER, &layer.into_inner()?)?
        }
    };
    let entry = match arguments.invoke.as_str() {
        "_start" => format!("/{file}"),
        function => format!("/{file}#{function}"),
    };
    let diff_ids = match arguments.artifact {
        true => json!([]),
        // It is not compressed, so that its digest is that of its files.
        false => json!([layer["digest"]]),
    };
    let config = json!({
        "architecture": "wasm",
        "os": "wasip1",
        "config": { "Entrypoint": [entry] },
        "rootfs": { "type": "layers", "diff_ids": diff_ids },
    });
    let config = archive.blob(CONFIG, config.to_string().as_bytes())?;
    let manifest = json!({
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": config,
        "layers": [layer],
    });
    let mut manifest = archive.blob(MANIFEST, manifest.to_string().as_bytes())?;
    let (name, tag) = tagged(name);
    manifest["annotations"] = json!({
        "io.containerd.image.name": format!("{name}:{tag}"),
        "org.opencontainers.image.ref.name": tag,
    });
    let index = json!({
        "schemaVersion": 2,
        "mediaType": INDEX,
        "manifests": [manifest],
    });
    append(
        &mut archive.0,
        "index.json",
        index.to_string().as_bytes(),
        0o644,
    )?;
    let layout = json!({ "imageLayoutVersion": "1.0.0" });
    append(
        &mut archive.0,
        "oci-layout",
        layout.to_string().as_bytes(),
        0o644,
    )?;
    archive.0.into_inner()
}

const LAYER: &str = "application/vnd.oci.image.layer.v1.tar";
const ARTIFACT_LAYER: &str = "application/wasm";
const CONFIG: &str = "application/vnd.oci.image.config.v1+json";
const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const INDEX: &str = "application/vnd.oci.image.index.v1+json";

/// A name as containerd has it, with a registry, and its tag: `app` is `docker.io/library/app` and
/// `latest`.
fn tagged(name: &str) -> (String, String) {
    let last = name.rfind('/').map_or(0, |slash| slash + 1);
    let (name, tag) = match name[last..].split_once(':') {
        Some((short, tag)) => (&name[..last + short.len()], tag),
        None => (name, "latest"),
    };
    let registry = name.split_once('/').map(|(registry, _)| registry);
    let name = match registry {
        Some(registry) if registry.contains(['.', ':']) || registry == "localhost" => {
            name.to_owned()
        }
        Some(_) => format!("docker.io/{name}"),
        None => format!("docker.io/library/{name}"),
    };
    (name, tag.to_owned())
}

struct Archive(tar::Builder<Vec<u8>>);

impl Default for Archive {
    fn default() -> Self {
        Archive(tar::Builder::new(Vec::new()))
    }
}

impl Archive {
    /// Adds a blob, and gives its descriptor.
    fn blob(&mut self, media_type: &str, bytes: &[u8]) -> io::Result<Value> {
        let digest = hex(&Sha256::digest(bytes));
        append(&mut self.0, &format!("blobs/sha256/{digest}"), bytes, 0o644)?;
        Ok(json!({
            "mediaType": media_type,
            "digest": format!("sha256:{digest}"),
            "size": bytes.len(),
        }))
    }
}

fn append<W: Write>(
    archive: &mut tar::Builder<W>,
    path: &str,
    bytes: &[u8],
    mode: u32,
) -> io::Result<()> {
    let mut header = tar::Header::new_gnu();
    header.set_mode(mode);
    header.set_mtime(0);
    header.set_size(bytes.len() as u64);
    archive.append_data(&mut header, path, bytes)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_that_containerd_has() {
        let cases = [
            ("app", "docker.io/library/app", "latest"),
            ("app:1", "docker.io/library/app", "1"),
            ("me/app", "docker.io/me/app", "latest"),
            ("localhost/app", "localhost/app", "latest"),
            ("localhost:5000/app", "localhost:5000/app", "latest"),
            ("example.com/me/app:1.0", "example.com/me/app", "1.0"),
        ];
        for (name, expected, tag) in cases {
            assert_eq!(
                tagged(name),
                (expected.to_owned(), tag.to_owned()),
                "{name}"
            );
        }
    }
}
