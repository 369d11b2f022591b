//! Modules that are compiled once for a node: what containerd keeps beside an image.
//!
//! For a layer that is a module, containerd keeps the compiled module. For a layer of files it keeps an
//! archive of the compiled modules among them, each under the digest of its source, so that a file that
//! another layer or a volume puts in its place is not mistaken for it.

use std::io::{self, Read};

use containerd_shim_wasm::sandbox::context::WasmLayer;
use sha2::{Digest, Sha256};
use wasmtime::Engine;

/// The start of a binary module.
const MAGIC: &[u8] = b"\0asm\x01\0\0\0";

/// Layers of files, of which this can read the first two.
const TAR: &str = "application/vnd.oci.image.layer.v1.tar";
const TAR_GZIP: [&str; 2] = [
    "application/vnd.oci.image.layer.v1.tar+gzip",
    "application/vnd.docker.image.rootfs.diff.tar.gzip",
];

/// Layers that are modules.
const MODULES: [&str; 2] = [
    "application/wasm",
    "application/vnd.bytecodealliance.wasm.component.layer.v0+wasm",
];

/// The layers of an image for modules that are of interest.
pub const LAYERS: &[&str] = &[MODULES[0], MODULES[1], TAR, TAR_GZIP[0], TAR_GZIP[1]];

/// How large a layer may be that is looked through for modules. A larger one is left alone, and its
/// modules are compiled at each start.
const MAX_LAYER: u64 = 256 * 1024 * 1024;

/// Whether a layer is a module, compiled or not, rather than files.
pub fn is_module(layer: &WasmLayer) -> bool {
    MODULES.contains(&layer.config.media_type().as_ref())
}

/// What is kept of a layer; `None` if that is nothing. What is no valid module is left to whoever runs it
/// to complain of.
pub fn of_layer(engine: &Engine, layer: &WasmLayer) -> Option<Vec<u8>> {
    if layer.precompiled {
        return None;
    }
    if is_module(layer) {
        return compile(engine, &layer.layer);
    }
    let bytes = &layer.layer[..];
    let media_type = layer.config.media_type();
    let archive = if TAR_GZIP.contains(&media_type.as_ref()) {
        of_archive(engine, flate2::read::GzDecoder::new(bytes).take(MAX_LAYER))
    } else {
        of_archive(engine, bytes.take(MAX_LAYER))
    };
    archive.unwrap_or_else(|error| {
        log::warn!("a layer cannot be read, and its modules are compiled at each start: {error}");
        None
    })
}

fn compile(engine: &Engine, module: &[u8]) -> Option<Vec<u8>> {
    let is_module = module.starts_with(MAGIC);
    is_module.then(|| engine.precompile_module(module).ok())?
}

fn of_archive(engine: &Engine, layer: impl Read) -> io::Result<Option<Vec<u8>>> {
    let mut kept = tar::Builder::new(Vec::new());
    let mut is_empty = true;
    for entry in tar::Archive::new(layer).entries()? {
        let mut entry = entry?;
        let mut start = [0; MAGIC.len()];
        if !entry.header().entry_type().is_file() || entry.read_exact(&mut start).is_err() {
            continue;
        }
        if start != MAGIC {
            continue;
        }
        let mut module = start.to_vec();
        entry.read_to_end(&mut module)?;
        if let Some(compiled) = compile(engine, &module) {
            let mut header = tar::Header::new_gnu();
            header.set_size(compiled.len() as u64);
            kept.append_data(&mut header, digest(&module), &compiled[..])?;
            is_empty = false;
        }
    }
    let kept = kept.into_inner()?;
    Ok((!is_empty).then_some(kept))
}

/// The compiled form of a module, if one of the layers has it.
pub fn find(layers: &[WasmLayer], module: &[u8]) -> Option<Vec<u8>> {
    let digest = digest(module);
    // Only those that this program has made: an image may have an archive of the same form.
    let ours = layers
        .iter()
        .filter(|layer| layer.precompiled && !is_module(layer));
    for layer in ours {
        for entry in tar::Archive::new(&layer.layer[..]).entries().ok()? {
            let mut entry = entry.ok()?;
            if entry.path_bytes() == digest.as_bytes() {
                let mut compiled = Vec::new();
                return entry.read_to_end(&mut compiled).ok().map(|_| compiled);
            }
        }
    }
    None
}

fn digest(bytes: &[u8]) -> String {
    let digest = Sha256::digest(bytes);
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}
