//! Looks names up as the container's `/etc/hosts` and `/etc/resolv.conf` say, without the C library:
//! what that does depends on files of an image, and an image of one module has none.

use std::io;
use std::net::IpAddr;

use hickory_resolver::config::{LookupIpStrategy, ResolveHosts, ResolverConfig};
use hickory_resolver::name_server::TokioConnectionProvider;
use hickory_resolver::proto::op::Query;
use hickory_resolver::proto::rr::{RData, RecordType};
use hickory_resolver::system_conf::read_system_conf;
use hickory_resolver::{Hosts, Name, Resolver};

/// The addresses of a name. The files are read each time, so that their changes are seen, and nothing is
/// kept: connections are, by the client.
pub fn look_up(name: &str) -> io::Result<Vec<IpAddr>> {
    // The resolver would ask for the name in each search domain before it looks for it in the file.
    let known = in_hosts_file(name);
    if !known.is_empty() {
        return Ok(known);
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let provider = TokioConnectionProvider::default();
    let mut builder = match read_system_conf() {
        Ok((config, options)) => {
            Resolver::builder_with_config(config, provider).with_options(options)
        }
        Err(error) => {
            log::debug!("no name servers: {error}");
            Resolver::builder_with_config(ResolverConfig::new(), provider)
        }
    };
    let options = builder.options_mut();
    options.use_hosts_file = ResolveHosts::Never;
    options.ip_strategy = LookupIpStrategy::Ipv4AndIpv6;
    options.cache_size = 0;
    let resolver = builder.build();
    let found = runtime.block_on(resolver.lookup_ip(name));
    let found = found.map_err(io::Error::other)?;
    Ok(found.iter().collect())
}

/// The addresses that `/etc/hosts` has for exactly this name.
fn in_hosts_file(name: &str) -> Vec<IpAddr> {
    let (Ok(hosts), Ok(name)) = (Hosts::from_system(), Name::from_utf8(name)) else {
        return Vec::new();
    };
    let records = [RecordType::A, RecordType::AAAA]
        .into_iter()
        .filter_map(|kind| hosts.lookup_static_host(&Query::query(name.clone(), kind)));
    records
        .flat_map(|lookup| lookup.iter().filter_map(RData::ip_addr).collect::<Vec<_>>())
        .collect()
}
