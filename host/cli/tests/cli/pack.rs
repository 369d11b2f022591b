//! `wasmtime-http pack`. That the image runs is shown by the tests of the shim, under a real containerd.

use std::process::Command;

use crate::harness::{Directory, Outcome};

fn pack(directory: &Directory, arguments: &[&str]) -> Outcome {
    Outcome::of(
        directory
            .command()
            .arg("pack")
            .args(arguments)
            .output()
            .unwrap(),
    )
}

#[test]
fn a_module_is_packed_the_same_each_time() {
    let directory = Directory::new();
    directory.guest(r#"(func (export "_start"))"#);
    for name in ["one.tar", "two.tar"] {
        let packed = pack(&directory, &["guest.wat", "--output", name]);
        assert_eq!((packed.code, packed.stderr.as_str()), (Some(0), ""));
    }
    let read = |name: &str| std::fs::read(directory.path().join(name)).unwrap();
    assert_eq!(read("one.tar"), read("two.tar"));

    // As another program sees it: the layer has the module, and each blob the digest that is its name.
    let judge = "import hashlib, io, json, sys, tarfile\n\
        image = tarfile.open(sys.argv[1])\n\
        blob = lambda it: image.extractfile('blobs/' + it['digest'].replace(':', '/')).read()\n\
        for member in image.getmembers():\n\
        \x20   if member.name.startswith('blobs/'):\n\
        \x20       digest = hashlib.sha256(image.extractfile(member).read()).hexdigest()\n\
        \x20       assert member.name == 'blobs/sha256/' + digest\n\
        index = json.load(image.extractfile('index.json'))\n\
        manifest = json.loads(blob(index['manifests'][0]))\n\
        config = json.loads(blob(manifest['config']))\n\
        layer = tarfile.open(fileobj=io.BytesIO(blob(manifest['layers'][0])))\n\
        assert layer.extractfile('guest.wasm').read()[:4] == b'\\0asm'\n\
        assert config['rootfs']['diff_ids'] == [manifest['layers'][0]['digest']]\n\
        print(config['os'], config['architecture'], config['config']['Entrypoint'][0])\n";
    let judged = Command::new("python3")
        .args(["-c", judge, "one.tar"])
        .current_dir(directory.path())
        .output()
        .unwrap();
    let judged = Outcome::of(judged);
    assert_eq!(judged.stdout, "wasip1 wasm /guest.wasm\n", "{judged:?}");
}

#[test]
fn what_would_fail_on_every_node_is_not_packed() {
    let directory = Directory::new();
    directory.guest(r#"(func (export "add"))"#);
    directory.write("text.wasm", "int main() {}");
    directory.write("broken.wasm", b"\0asm\x01\0\0\0\xff");
    for (module, expected) in [
        (
            "guest.wat",
            "no function `_start`: name another with --invoke",
        ),
        ("text.wasm", "`text.wasm`"),
        ("broken.wasm", "not a valid module"),
        ("nothing.wasm", "cannot read the module `nothing.wasm`"),
    ] {
        let packed = pack(&directory, &[module, "--output", "image.tar"]);
        assert_eq!(packed.code, Some(1), "{module}: {packed:?}");
        assert!(packed.stderr.contains(expected), "{module}: {packed:?}");
        assert!(!directory.path().join("image.tar").exists(), "{module}");
    }
    let packed = pack(&directory, &["guest.wat", "-i", "add", "-o", "image.tar"]);
    assert_eq!(packed.code, Some(0), "{packed:?}");
}
