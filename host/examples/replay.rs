use std::collections::{HashMap, VecDeque};
use std::fs::{self, File};
use std::io::Write;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use wasi_experimental_http_wasmtime::http::Response;
use wasi_experimental_http_wasmtime::{
    BodyPart, Hook, HookAction, HookRequest, HookResponse, HttpCtx,
};
use wasmtime::{Engine, Linker, Module, Store};

fn main() -> wasmtime::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [what, file, plugin, allowed_host] = &arguments[..] else {
        wasmtime::bail!("usage: replay record|play FILE PLUGIN ALLOWED_HOST");
    };
    let result = match what.as_str() {
        "record" => run(plugin, allowed_host, Recorder::to(file)?)?,
        "play" => run(plugin, allowed_host, Player::of(file)?)?,
        _ => wasmtime::bail!("{what}: neither record nor play"),
    };
    println!("{result}");
    Ok(())
}

/// Calls `run` of a plugin that may reach one host.
pub fn run(plugin: &str, allowed_host: &str, hook: impl Hook + 'static) -> wasmtime::Result<i32> {
    let engine = Engine::default();
    let mut linker = Linker::new(&engine);
    wasi_experimental_http_wasmtime::add_to_linker(&mut linker, |http: &mut HttpCtx| http)?;
    let http = HttpCtx::builder()
        .try_allowed_host(allowed_host)?
        .hook(hook)
        .build();
    let mut store = Store::new(&engine, http);
    let module = Module::from_file(&engine, plugin)?;
    let plugin = linker.instantiate(&mut store, &module)?;
    plugin
        .get_typed_func::<(), i32>(&mut store, "run")?
        .call(&mut store, ())
}

/// Writes all that servers answer to a file, a line of JSON for each response.
pub struct Recorder(Arc<Mutex<File>>);

impl Recorder {
    pub fn to(file: &str) -> wasmtime::Result<Self> {
        Ok(Recorder(Arc::new(Mutex::new(File::create(file)?))))
    }
}

impl Hook for Recorder {
    fn on_response(
        &self,
        request: &HookRequest<'_>,
        response: &mut HookResponse<'_>,
    ) -> Result<(), String> {
        let headers = response.headers.iter();
        let headers = headers.map(|(name, value)| json!([name.as_str(), value.as_bytes()]));
        let mut line = json!({
            "method": request.method.as_str(),
            "url": request.url.as_str(),
            "status": response.status.as_u16(),
            "headers": headers.collect::<Value>(),
        });
        let file = self.0.clone();
        let mut body = Vec::new();
        response.watch_body(move |part| match part {
            BodyPart::Bytes(bytes) => body.extend_from_slice(bytes),
            // What broke off, or was not read to its end, is not recorded.
            _ => {
                line["body"] = json!(body);
                if let Ok(mut file) = file.lock()
                    && let Err(error) = writeln!(file, "{line}")
                {
                    eprintln!("cannot record: {error}");
                }
            }
        });
        Ok(())
    }
}

/// Answers with what was recorded, in that order, and sends nothing.
pub struct Player(Mutex<HashMap<String, VecDeque<Response<Vec<u8>>>>>);

impl Player {
    pub fn of(file: &str) -> wasmtime::Result<Self> {
        let mut answers: HashMap<String, VecDeque<_>> = HashMap::new();
        for line in fs::read_to_string(file)?.lines() {
            let (key, answer) = read(&serde_json::from_str(line)?)
                .ok_or_else(|| wasmtime::format_err!("not a recorded response: {line}"))?;
            answers.entry(key).or_default().push_back(answer);
        }
        Ok(Player(Mutex::new(answers)))
    }
}

impl Hook for Player {
    fn on_request(&self, request: &mut HookRequest<'_>) -> HookAction {
        let key = format!("{} {}", request.method, request.url);
        let mut answers = self.0.lock().expect("no hook panics with the lock");
        match answers.get_mut(&key).and_then(VecDeque::pop_front) {
            Some(answer) => HookAction::Answer(answer),
            None => HookAction::Refuse(format!("{key} was not recorded")),
        }
    }
}

/// What was asked, and the response.
fn read(line: &Value) -> Option<(String, Response<Vec<u8>>)> {
    let bytes = |value: &Value| {
        let bytes = value.as_array()?.iter();
        let bytes = bytes.map(|byte| u8::try_from(byte.as_u64()?).ok());
        bytes.collect::<Option<Vec<u8>>>()
    };
    let mut answer = Response::builder().status(u16::try_from(line["status"].as_u64()?).ok()?);
    for header in line["headers"].as_array()? {
        answer = answer.header(header[0].as_str()?, bytes(&header[1])?);
    }
    let key = format!("{} {}", line["method"].as_str()?, line["url"].as_str()?);
    Some((key, answer.body(bytes(&line["body"])?).ok()?))
}
