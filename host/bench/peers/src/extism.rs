//! The work of the benchmarks by plug-ins, with the C library of Extism, as PyPI's `extism-sys` has it.

use std::ffi::{CStr, CString, c_char, c_void};
use std::path::Path;
use std::ptr::{self, NonNull};
use std::{slice, str};

use libloading::Library;
use serde_json::json;
use wasmtime::error::Context;
use wasmtime::{Result, bail, ensure};

use crate::measure::{self, SMALL, timed};
use crate::{ClientArgs, Measured, Work};

/// The functions of `extism.h` that are needed here.
struct Functions {
    compiled_plugin_new: unsafe extern "C" fn(
        manifest: *const u8,
        length: u64,
        functions: *const *const c_void,
        function_count: u64,
        with_wasi: bool,
        error: *mut *mut c_char,
    ) -> *mut c_void,
    plugin_new_from_compiled:
        unsafe extern "C" fn(compiled: *const c_void, error: *mut *mut c_char) -> *mut c_void,
    plugin_call: unsafe extern "C" fn(
        plugin: *mut c_void,
        function: *const c_char,
        input: *const u8,
        length: u64,
    ) -> i32,
    plugin_error: unsafe extern "C" fn(plugin: *mut c_void) -> *const c_char,
    plugin_output_length: unsafe extern "C" fn(plugin: *mut c_void) -> u64,
    plugin_output_data: unsafe extern "C" fn(plugin: *mut c_void) -> *const u8,
    plugin_free: unsafe extern "C" fn(plugin: *mut c_void),
    /// What the functions are of.
    _library: Library,
}

impl Functions {
    fn load(path: &Path) -> Result<Functions> {
        // SAFETY: the library is what was installed from PyPI, and its functions are those of
        // its `extism.h`, with these types.
        unsafe {
            let library = Library::new(path)?;
            Ok(Functions {
                compiled_plugin_new: *library.get(b"extism_compiled_plugin_new\0")?,
                plugin_new_from_compiled: *library.get(b"extism_plugin_new_from_compiled\0")?,
                plugin_call: *library.get(b"extism_plugin_call\0")?,
                plugin_error: *library.get(b"extism_plugin_error\0")?,
                plugin_output_length: *library.get(b"extism_plugin_output_length\0")?,
                plugin_output_data: *library.get(b"extism_plugin_output_data\0")?,
                plugin_free: *library.get(b"extism_plugin_free\0")?,
                _library: library,
            })
        }
    }
}

/// A module that was compiled once, for as long as the process runs.
struct Guests {
    functions: Functions,
    compiled: NonNull<c_void>,
    url: String,
}

// SAFETY: what was compiled is an `Arc` of what does not change, which any thread may use.
unsafe impl Sync for Guests {}

impl Guests {
    fn new(arguments: &ClientArgs) -> Result<Guests> {
        let functions = Functions::load(&arguments.library)?;
        let manifest = json!({
            "wasm": [{ "path": arguments.guest }],
            "allowed_hosts": ["127.0.0.1"],
            // All of a response is in memory; the default is 50 MiB.
            "memory": { "max_http_response_bytes": arguments.batches.count.max(1024) },
        });
        let manifest = manifest.to_string();
        let mut error = ptr::null_mut();
        // SAFETY: the manifest is so long, there are no functions, and an error is a C string.
        let compiled = unsafe {
            (functions.compiled_plugin_new)(
                manifest.as_ptr(),
                manifest.len() as u64,
                ptr::null(),
                0,
                true,
                &raw mut error,
            )
        };
        Ok(Guests {
            compiled: made(compiled, error)?,
            functions,
            url: arguments.url.clone(),
        })
    }

    fn instance(&self) -> Result<Plugin<'_>> {
        let mut error = ptr::null_mut();
        // SAFETY: `compiled` is one, and an error is a C string.
        let plugin = unsafe {
            (self.functions.plugin_new_from_compiled)(self.compiled.as_ptr(), &raw mut error)
        };
        Ok(Plugin {
            guests: self,
            plugin: made(plugin, error)?,
        })
    }
}

/// What Extism made, or its error.
fn made(value: *mut c_void, error: *mut c_char) -> Result<NonNull<c_void>> {
    if let Some(value) = NonNull::new(value) {
        return Ok(value);
    }
    if error.is_null() {
        bail!("Extism gives neither a value nor an error");
    }
    // SAFETY: it is a C string, which nobody frees.
    let error = unsafe { CStr::from_ptr(error) };
    bail!("{}", error.to_string_lossy())
}

struct Plugin<'g> {
    guests: &'g Guests,
    plugin: NonNull<c_void>,
}

impl Drop for Plugin<'_> {
    fn drop(&mut self) {
        // SAFETY: it was made, and nobody has it any more.
        unsafe { (self.guests.functions.plugin_free)(self.plugin.as_ptr()) }
    }
}

impl Plugin<'_> {
    /// Calls a function of the guest with a number and the URL, which gives a number.
    fn call(&mut self, function: &str, number: u64) -> Result<u64> {
        let functions = &self.guests.functions;
        let plugin = self.plugin.as_ptr();
        let name = CString::new(function)?;
        let input = format!("{number} {}", self.guests.url);
        // SAFETY: the plug-in is this thread's, the input is so long, and what is given lives until
        // the next call.
        let output = unsafe {
            let code =
                (functions.plugin_call)(plugin, name.as_ptr(), input.as_ptr(), input.len() as u64);
            if code != 0 {
                let error = (functions.plugin_error)(plugin);
                ensure!(!error.is_null(), "{function} gives {code}");
                bail!("{function}: {}", CStr::from_ptr(error).to_string_lossy());
            }
            let length = usize::try_from((functions.plugin_output_length)(plugin))?;
            slice::from_raw_parts((functions.plugin_output_data)(plugin), length)
        };
        let number = str::from_utf8(output)?.parse::<u64>();
        number.with_context(|| format!("{function} gives no number"))
    }

    fn get(&mut self, count: u64) -> Result<()> {
        let bytes = self.call("get", count)?;
        ensure!(bytes == count * SMALL as u64, "{bytes} bytes");
        Ok(())
    }
}

pub fn run(arguments: &ClientArgs) -> Result<Measured> {
    let guests = Guests::new(arguments)?;
    let count = arguments.batches.count;
    match arguments.work {
        Work::Get => {
            let time = arguments.batches.on_threads(arguments.threads, || {
                let mut plugin = guests.instance()?;
                Ok(move |count| plugin.get(count))
            })?;
            Ok(time.into())
        }
        Work::Fresh => {
            let time = arguments.batches.on_threads(1, || {
                Ok(|count| (0..count).try_for_each(|_| guests.instance()?.get(1)))
            })?;
            Ok(time.into())
        }
        Work::First => Ok(timed(|| guests.instance()?.get(1))?.into()),
        Work::Stores => Ok(Measured::memory(measure::memory_of_each(|| {
            let mut plugin = guests.instance()?;
            plugin.get(1)?;
            Ok(plugin)
        })?)),
        Work::Download => {
            let mut plugin = guests.instance()?;
            let time = timed(|| {
                let bytes = plugin.call("get", 1)?;
                ensure!(bytes == count, "{bytes} bytes");
                Ok(())
            })?;
            Ok(time.into())
        }
        Work::Upload => {
            let mut plugin = guests.instance()?;
            plugin.call("fill", count)?;
            let time = timed(|| {
                let bytes = plugin.call("upload", 0)?;
                ensure!(bytes == count, "{bytes} bytes");
                Ok(())
            })?;
            Ok(time.into())
        }
    }
}
