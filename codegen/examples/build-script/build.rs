//! Makes the bindings in `OUT_DIR`.

use wasi_experimental_http_codegen::{Language, build_script};

fn main() {
    build_script::generate(&["witx/kv.witx"], &[Language::Rust]);
}
