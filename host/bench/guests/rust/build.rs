//! A plugin that is instantiated often has no use for the stack of 1 MiB that is the default: what
//! is not there need not be looked through when the memory is put back.

fn main() {
    println!("cargo::rustc-link-arg=-zstack-size=65536");
    println!("cargo::rerun-if-changed=build.rs");
}
