//! Plugins that reach a server which wants to see a certificate, and trusts an authority of its own.

use std::fs;

use wasi_experimental_http_wasmtime::{ClientCertificate, HttpClient, HttpCtx, TlsVersion};
use wasmtime::{Engine, Linker, Module, Store};

fn main() -> wasmtime::Result<()> {
    let host = "https://internal.example.com";
    let read = |file| fs::read_to_string(file);
    let client = client(
        host,
        &read("ca.pem")?,
        &read("plugin.pem")?,
        &read("plugin.key")?,
    )?;
    println!("{}", run("plugin.wasm", host, client)?);
    Ok(())
}

/// A client that trusts one authority, and shows a certificate to one host and to no other.
pub fn client(host: &str, ca: &str, certificate: &str, key: &str) -> wasmtime::Result<HttpClient> {
    let certificate = ClientCertificate::from_pem(certificate, key)?.try_for_host(host)?;
    let client = HttpClient::builder()
        .system_root_certificates(false)
        .try_add_root_certificates_pem(ca)?
        .client_certificate(certificate)
        .min_tls_version(TlsVersion::Tls13)
        .build();
    Ok(client)
}

/// Calls `run` of a plugin that may reach one host.
pub fn run(file: &str, host: &str, client: HttpClient) -> wasmtime::Result<i32> {
    let engine = Engine::default();
    let mut linker = Linker::new(&engine);
    wasi_experimental_http_wasmtime::add_to_linker(&mut linker, |http: &mut HttpCtx| http)?;
    let http = HttpCtx::builder()
        .client(client)
        .try_allowed_host(host)?
        .build();
    let mut store = Store::new(&engine, http);
    let plugin = linker.instantiate(&mut store, &Module::from_file(&engine, file)?)?;
    let run = plugin.get_typed_func::<(), i32>(&mut store, "run")?;
    run.call(&mut store, ())
}
