//! What the guest is told to do.

use std::env;
use std::time::Duration;

use wasi_experimental_http::RequestOptions;

/// One request, and what to do with its response.
pub struct Instruction {
    pub method: String,
    pub url: String,
    pub headers: Vec<(String, Vec<u8>)>,
    pub body: Option<Vec<u8>>,
    pub read: Read,
    /// Bytes.
    pub buffer: usize,
    pub get: Vec<String>,
    pub print_headers: bool,
    pub print_body: bool,
    pub print_sum: bool,
    pub print_message: bool,
    pub hold: u32,
    pub unclosed: u32,
    pub repeat: u32,
    pub options: Option<RequestOptions>,
    pub start: bool,
    pub future: bool,
    pub reader: bool,
    pub upload: Option<u64>,
    pub length: Option<u64>,
    pub also: Vec<String>,
    pub most: usize,
    pub wait: Option<Duration>,
}

/// How the body is read.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Read {
    All,
    Stream,
    Once,
    None,
}

impl Instruction {
    pub fn from_environment() -> Result<Instruction, String> {
        let arguments: Vec<String> = env::args().skip(1).collect();
        if !arguments.is_empty() {
            return Instruction::parse(&arguments);
        }
        match env::var("HTTP_INSTRUCTION") {
            Ok(lines) => {
                let lines: Vec<String> = lines.split('\n').map(str::to_owned).collect();
                Instruction::parse(&lines)
            }
            Err(_) => Instruction::parse(&[]),
        }
    }

    fn parse(words: &[String]) -> Result<Instruction, String> {
        let [method, url, words @ ..] = words else {
            return Err("an instruction has a method and a URL".to_owned());
        };
        let mut instruction = Instruction {
            method: method.clone(),
            url: url.clone(),
            headers: Vec::new(),
            body: None,
            read: Read::All,
            buffer: 64 * 1024,
            get: Vec::new(),
            print_headers: false,
            print_body: false,
            print_sum: false,
            print_message: false,
            hold: 0,
            unclosed: 0,
            repeat: 1,
            options: None,
            start: false,
            future: false,
            reader: false,
            upload: None,
            length: None,
            also: Vec::new(),
            most: usize::MAX,
            wait: None,
        };
        for word in words {
            instruction
                .take(word)
                .ok_or_else(|| format!("not a word of an instruction: {word}"))?;
        }
        Ok(instruction)
    }

    fn take(&mut self, word: &str) -> Option<()> {
        let (key, value) = word.split_once('=')?;
        match key {
            "header" => {
                let (name, value) = value.split_once(':')?;
                self.headers.push((name.to_owned(), value.into()));
            }
            "header-not-utf8" => self.headers.push((value.to_owned(), b"caf\xe9".into())),
            "body" => self.body = Some(value.as_bytes().to_owned()),
            "body-size" => {
                let len: usize = value.parse().ok()?;
                self.body = Some((0..len).map(|offset| (offset % 251) as u8).collect());
            }
            "read" => {
                self.read = match value {
                    "all" => Read::All,
                    "stream" => Read::Stream,
                    "once" => Read::Once,
                    "none" => Read::None,
                    _ => return None,
                }
            }
            "buffer" => self.buffer = value.parse().ok()?,
            "get" => self.get.push(value.to_owned()),
            "print" => {
                for what in value.split(',') {
                    match what {
                        "headers" => self.print_headers = true,
                        "body" => self.print_body = true,
                        "sum" => self.print_sum = true,
                        "message" => self.print_message = true,
                        _ => return None,
                    }
                }
            }
            "hold" => self.hold = value.parse().ok()?,
            "unclosed" => self.unclosed = value.parse().ok()?,
            "repeat" => self.repeat = value.parse().ok()?,
            "option" => {
                let (name, value) = value.split_once(':')?;
                let options = self.options.unwrap_or_default();
                self.options = Some(limited(options, name, value.parse().ok()?)?);
            }
            "send" => match value {
                "start" => self.start = true,
                "future" => self.future = true,
                "reader" => self.reader = true,
                _ => return None,
            },
            "upload" => self.upload = Some(value.parse().ok()?),
            "length" => self.length = Some(value.parse().ok()?),
            "also" => self.also.push(value.to_owned()),
            "most" => self.most = value.parse().ok()?,
            "wait" => self.wait = Some(Duration::from_millis(value.parse().ok()?)),
            _ => return None,
        }
        Some(())
    }
}

/// Options with one more, of this name.
fn limited(options: RequestOptions, name: &str, value: u64) -> Option<RequestOptions> {
    let time = Duration::from_millis(value);
    Some(match name {
        "timeout" => options.timeout(time),
        "connect-timeout" => options.connect_timeout(time),
        "response-timeout" => options.response_timeout(time),
        "read-timeout" => options.read_timeout(time),
        "max-redirects" => options.max_redirects(value.try_into().ok()?),
        "max-response-body" => options.max_response_body(value),
        _ => return None,
    })
}
