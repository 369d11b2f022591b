//! A containerd of the test's own, with its own root, state, socket and configuration: that of the
//! machine, if there is one, is not touched.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use clap::Parser;
use tempfile::TempDir;
use wasmtime_http::pack::{self, PackArguments};

/// What every guest can import and use.
const PRELUDE: &str = include_str!("../../../cli/tests/cli/prelude.wat");

const GET: &str = include_str!("get.wat");

/// Where shims note their containers.
const SHIMS: &str = "/run/containerd/wasmtime-http";

pub const RUNTIME: &str = "io.containerd.wasmtime-http.v1";

/// How long something may take that takes a moment: the machine may be slow, and busy.
const PATIENCE: Duration = Duration::from_secs(300);

/// The same, as ctr takes it.
const CONNECT_TIMEOUT: &str = "300s";

pub struct Containerd {
    directory: TempDir,
    child: Child,
    /// The namespace of containerd in which all containers of a test are, and after which the group of
    /// their cgroups is called.
    namespace: String,
}

impl Containerd {
    /// Starts one whose node's file is this.
    pub fn start(node: &str) -> Containerd {
        let directory = tempfile::Builder::new()
            .prefix("wasmtime-http-containerd.")
            .tempdir()
            .unwrap();
        let path = |name: &str| directory.path().join(name);
        fs::write(path("shim.toml"), node).unwrap();
        let config = format!(
            "version = 2\nroot = {:?}\nstate = {:?}\n\
             disabled_plugins = [\"io.containerd.grpc.v1.cri\", \"io.containerd.snapshotter.v1.btrfs\", \
             \"io.containerd.snapshotter.v1.zfs\", \"io.containerd.snapshotter.v1.devmapper\", \
             \"io.containerd.snapshotter.v1.aufs\"]\n\
             [grpc]\naddress = {:?}\n[ttrpc]\naddress = {:?}\n[debug]\naddress = {:?}\n\
             # From 2.0 on the server unpacks what is imported.\n\
             [[plugins.\"io.containerd.transfer.v1.local\".unpack_config]]\n\
             platform = \"linux/{}\"\nsnapshotter = \"native\"\n",
            path("root"),
            path("state"),
            path("socket"),
            path("socket.ttrpc"),
            path("debug"),
            platform(),
        );
        fs::write(path("config.toml"), config).unwrap();
        // containerd looks for the shim in its PATH.
        let bin = path("bin");
        fs::create_dir(&bin).unwrap();
        let shim = env!("CARGO_BIN_EXE_containerd-shim-wasmtime-http-v1");
        std::os::unix::fs::symlink(shim, bin.join("containerd-shim-wasmtime-http-v1")).unwrap();
        let search = std::env::var("PATH").unwrap_or_default();
        let log = fs::File::create(path("log")).unwrap();
        let child = Command::new("containerd")
            .arg("--config")
            .arg(path("config.toml"))
            .env("PATH", format!("{}:{search}", bin.display()))
            .env("WASMTIME_HTTP_SHIM_CONFIG", path("shim.toml"))
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .expect("containerd has to be installed");
        let name = directory.path().extension().unwrap().to_str().unwrap();
        let containerd = Containerd {
            namespace: format!("wasmtime-http-test-{name}"),
            directory,
            child,
        };
        containerd.until("containerd answers", || {
            containerd.ctr(&["version"]).status.success()
        });
        containerd
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    pub fn write(&self, name: &str, text: impl AsRef<[u8]>) -> String {
        let path = self.path(name);
        fs::write(&path, text).unwrap();
        path.into_os_string().into_string().unwrap()
    }

    /// Changes what the node's file says, for containers that start later.
    pub fn node(&self, text: &str) {
        self.write("shim.toml", text);
    }

    /// A command of `ctr` for this containerd.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new("ctr");
        command
            .arg("--address")
            .arg(self.path("socket"))
            .args(["--connect-timeout", CONNECT_TIMEOUT])
            .args(["--namespace", &self.namespace])
            .args(arguments);
        command
    }

    pub fn ctr(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    pub fn ok(&self, arguments: &[&str]) -> String {
        let output = self.ctr(arguments);
        assert!(
            output.status.success(),
            "ctr {arguments:?}: {output:?}\n{}",
            self.log()
        );
        String::from_utf8(output.stdout).unwrap()
    }

    /// The end of containerd's log, in which that of the shim is.
    pub fn log(&self) -> String {
        let log = fs::read_to_string(self.path("log")).unwrap_or_default();
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(60)..].join("\n")
    }

    /// Packs a module, imports the image, and gives its name.
    pub fn image(&self, name: &str, module: &Path, options: &[&str]) -> Image {
        self.named_image(&format!("localhost/{name}:latest"), module, options)
    }

    /// The same for a name that is complete.
    pub fn named_image(&self, image: &str, module: &Path, options: &[&str]) -> Image {
        let archive = self.path(&format!("{}.tar", image.replace(['/', ':'], "-")));
        let archive = archive.to_str().unwrap();
        let line = [
            "pack",
            module.to_str().unwrap(),
            "--output",
            archive,
            "--name",
            image,
        ];
        let arguments = PackArguments::parse_from(line.iter().chain(options));
        pack::run(&arguments).unwrap();
        self.ok(&["images", "import", "--snapshotter", "native", archive]);
        Image {
            name: image.to_owned(),
            entry: format!("/{}.wasm", module.file_stem().unwrap().display()),
        }
    }

    /// The image of a guest that gets the URL that is its argument.
    pub fn getter(&self, function: &str) -> Image {
        let name = format!("get-{}", function.trim_start_matches('_'));
        let module = self.write("get.wat", format!("(module\n{PRELUDE}\n{GET}\n)"));
        self.image(&name, Path::new(&module), &["--invoke", function])
    }

    /// Runs a container to its end.
    pub fn run(&self, id: &str, options: &[&str], image: &Image, arguments: &[&str]) -> Outcome {
        Outcome::of(
            self.run_command(id, options, image, arguments)
                .output()
                .unwrap(),
        )
    }

    pub fn run_command(
        &self,
        id: &str,
        options: &[&str],
        image: &Image,
        arguments: &[&str],
    ) -> Command {
        let mut line = vec!["run", "--runtime", RUNTIME, "--snapshotter", "native"];
        if !options.contains(&"--detach") {
            line.push("--rm");
        }
        line.extend(options);
        line.extend([image.name.as_str(), id]);
        if !arguments.is_empty() {
            // For ctr they replace the entry point, rather than to follow it.
            line.push(&image.entry);
        }
        line.extend(arguments);
        self.command(&line)
    }

    /// Waits for something that happens in a moment.
    pub fn until(&self, what: &str, mut is_so: impl FnMut() -> bool) {
        let start = Instant::now();
        while !is_so() {
            assert!(
                start.elapsed() < PATIENCE,
                "not in time: {what}\n{}",
                self.log()
            );
            thread::sleep(Duration::from_millis(20));
        }
    }

    /// The process that serves the shim's part of this container: the eldest of those that have its name.
    pub fn shim(&self, id: &str) -> Option<String> {
        let words = ["-namespace", &self.namespace, "-id", id].map(str::to_owned);
        let processes = fs::read_dir("/proc").unwrap().flatten();
        let of_shim = processes.filter_map(|process| {
            let line = fs::read(process.path().join("cmdline")).ok()?;
            let line = String::from_utf8_lossy(&line).into_owned();
            let has = |pair: &[String]| line.contains(&pair.join("\0"));
            let is_of_shim = has(&words[..2]) && has(&words[2..]);
            is_of_shim.then(|| process.file_name().to_str()?.parse::<u32>().ok())?
        });
        of_shim.min().map(|process| process.to_string())
    }

    /// The socket of a container's shim.
    pub fn socket(&self, id: &str) -> PathBuf {
        let tasks = self.path("state").join("io.containerd.runtime.v2.task");
        let file = tasks.join(&self.namespace).join(id).join("address");
        let address = fs::read_to_string(file).unwrap();
        address.trim().strip_prefix("unix://").unwrap().into()
    }

    /// What is left of containers: processes of shims, mounts, directories, and cgroups.
    pub fn leftovers(&self) -> Vec<String> {
        let directory = self.directory.path().to_str().unwrap();
        let mut left = Vec::new();
        for process in fs::read_dir("/proc").unwrap().flatten() {
            let line = fs::read(process.path().join("cmdline")).unwrap_or_default();
            let line = String::from_utf8_lossy(&line).replace('\0', " ");
            let is_server = process.file_name().to_str() == Some(&self.child.id().to_string());
            if line.contains(directory) && !is_server && line.contains("shim") {
                left.push(line);
            }
        }
        let mounts = fs::read_to_string("/proc/self/mounts").unwrap();
        let mounts = mounts.lines().filter(|line| line.contains(directory));
        left.extend(mounts.map(str::to_owned));
        let tasks = self.path("state").join("io.containerd.runtime.v2.task");
        let mut parents = vec![tasks.join(&self.namespace)];
        parents.push(Path::new(SHIMS).join(&self.namespace));
        parents.extend(self.cgroups());
        for parent in parents {
            let entries = fs::read_dir(parent).into_iter().flatten().flatten();
            let directories = entries.filter(|entry| entry.path().is_dir());
            left.extend(directories.map(|entry| entry.path().display().to_string()));
        }
        left
    }

    /// The cgroups that contain those of the containers: one, or in version 1 one for each controller.
    fn cgroups(&self) -> Vec<PathBuf> {
        let root = Path::new("/sys/fs/cgroup");
        let controllers = fs::read_dir(root).into_iter().flatten().flatten();
        let mut groups: Vec<PathBuf> = controllers
            .map(|controller| controller.path().join(&self.namespace))
            .collect();
        groups.push(root.join(&self.namespace));
        groups
    }

    pub fn leaves_nothing(&self) {
        let mut left = Vec::new();
        let start = Instant::now();
        while start.elapsed() < PATIENCE {
            left = self.leftovers();
            if left.is_empty() {
                return;
            }
            thread::sleep(Duration::from_millis(20));
        }
        panic!("left of containers: {left:#?}\n{}", self.log());
    }
}

impl Drop for Containerd {
    fn drop(&mut self) {
        let tasks = self.ctr(&["tasks", "list", "--quiet"]);
        for task in String::from_utf8_lossy(&tasks.stdout).lines() {
            let _ = self.ctr(&["tasks", "delete", "--force", task]);
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
        let own = Path::new(SHIMS).join(&self.namespace);
        for directory in self.cgroups().iter().chain([&own]) {
            let _ = fs::remove_dir(directory);
        }
        if thread::panicking() {
            let _ = writeln!(std::io::stderr(), "{}", self.log());
        }
    }
}

/// This processor, as Go calls it.
fn platform() -> &'static str {
    match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    }
}

/// An image of a module.
pub struct Image {
    pub name: String,
    /// What it starts, unless that is a function.
    pub entry: String,
}

/// How a container has ended.
#[derive(Debug)]
pub struct Outcome {
    pub code: Option<i32>,
    pub stdout: String,
    pub stdout_bytes: usize,
    pub stderr: String,
}

impl Outcome {
    pub fn of(output: Output) -> Outcome {
        Outcome {
            code: output.status.code(),
            stdout_bytes: output.stdout.len(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    /// Checks the code and the output.
    pub fn is(&self, code: i32, stdout: &str) -> &Outcome {
        assert_eq!(
            (self.code, self.stdout.as_str()),
            (Some(code), stdout),
            "{self:?}"
        );
        self
    }

    /// Checks that all of these are said.
    pub fn says(&self, texts: &[&str]) -> &Outcome {
        for text in texts {
            assert!(self.stderr.contains(text), "{text}: {self:?}");
        }
        self
    }
}
