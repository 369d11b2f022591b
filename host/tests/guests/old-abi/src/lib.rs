//! A guest on the crate `wasi-experimental-http` of crates.io, once for each of its releases from
//! 0.3 to 0.10: modules like it were built years ago and must run unchanged. The README beside this
//! directory says what each function does.

use anyhow::Error;
use bytes::Bytes;
use http::{Method, Request};

/// The functions on one release, exported as `VERSION/NAME`.
macro_rules! guest {
    ($($release:ident = $version:literal),* $(,)?) => {$(
        mod $release {
            use super::*;
            use ::$release::Response;

            #[export_name = concat!($version, "/get")]
            pub extern "C" fn get() -> i32 {
                report(|| {
                    let mut res = send(Method::GET, None)?;
                    println!("get: {}\n{}", res.status_code.as_u16(), body(&mut res)?);
                    Ok(res.status_code.as_u16().into())
                })
            }

            #[export_name = concat!($version, "/post")]
            pub extern "C" fn post() -> i32 {
                report(|| {
                    let text = "Testing with a request body. Does this actually work?";
                    let mut res = send(Method::POST, Some(Bytes::from(text)))?;
                    println!("post: {}", res.status_code.as_u16());
                    println!(
                        "content-type: {}",
                        res.header_get("Content-Type".to_string())?
                    );
                    println!("{}", body(&mut res)?);
                    Ok(res.status_code.as_u16().into())
                })
            }

            #[export_name = concat!($version, "/headers")]
            pub extern "C" fn headers() -> i32 {
                report(|| {
                    let headers = send(Method::GET, None)?.headers_get_all()?;
                    let mut lines = Vec::new();
                    for (name, value) in &headers {
                        lines.push(format!("{}: {}", name, value.to_str()?));
                    }
                    lines.sort();
                    println!("{}", lines.join("\n"));
                    Ok(lines.len() as i32)
                })
            }

            #[export_name = concat!($version, "/stream")]
            pub extern "C" fn stream() -> i32 {
                report(|| {
                    let mut res = send(Method::GET, None)?;
                    let mut piece = [0; 4096];
                    let mut bytes = 0;
                    let mut hash: u64 = 0xcbf2_9ce4_8422_2325;
                    loop {
                        let read = res.body_read(&mut piece)?;
                        if read == 0 {
                            break;
                        }
                        bytes += read;
                        for byte in &piece[..read] {
                            hash = (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
                        }
                    }
                    println!("bytes: {}\nfnv-1a: {:016x}", bytes, hash);
                    Ok(bytes as i32)
                })
            }

            #[export_name = concat!($version, "/concurrent")]
            pub extern "C" fn concurrent() -> i32 {
                report(|| {
                    let mut responses = Vec::new();
                    for _ in 0..3 {
                        responses.push(send(Method::GET, None)?);
                    }
                    for res in &mut responses {
                        println!("concurrent: {}\n{}", res.status_code.as_u16(), body(res)?);
                    }
                    Ok(responses.len() as i32)
                })
            }

            fn send(method: Method, body: Option<Bytes>) -> Result<Response, Error> {
                let url = std::env::var("HTTP_URL")? + &std::env::var("HTTP_PATH")?;
                let req = Request::builder()
                    .method(method)
                    .uri(&url)
                    .header("Content-Type", "text/plain")
                    .header("abc", "def")
                    .body(body)?;
                ::$release::request(req)
            }

            fn body(res: &mut Response) -> Result<String, Error> {
                Ok(String::from_utf8(res.body_read_all()?)?)
            }
        }
    )*};
}

guest! {
    v0_3 = "0.3",
    v0_4 = "0.4",
    v0_5 = "0.5",
    v0_6 = "0.6",
    v0_7 = "0.7",
    v0_8 = "0.8",
    v0_9 = "0.9",
    v0_10 = "0.10",
}

fn report(call: impl FnOnce() -> Result<i32, Error>) -> i32 {
    call().unwrap_or_else(|error| {
        eprintln!("{:#}", error);
        -1
    })
}
