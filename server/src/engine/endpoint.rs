//! Where engines are: addresses, and the sockets they are usually found at.

use std::fmt;
use std::path::{Path, PathBuf};

/// An engine's address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Endpoint {
    /// A socket of this machine.
    Unix(PathBuf),
    /// Plain TCP.
    Tcp {
        /// Name or address.
        host: String,
        /// Port.
        port: u16,
    },
    /// TCP behind TLS, with the certificates of a folder (`ca.pem`, and `cert.pem` with `key.pem` to say who we are).
    Tls {
        /// Name or address.
        host: String,
        /// Port.
        port: u16,
        /// The folder of the certificates.
        certificates: PathBuf,
    },
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unix(path) => write!(f, "unix://{}", path.display()),
            Self::Tcp { host, port } | Self::Tls { host, port, .. } => write!(f, "tcp://{host}:{port}"),
        }
    }
}

impl Endpoint {
    /// Reads `unix:///path`, `/path`, `tcp://host[:port]`, `http://…` or `https://…`. TLS needs the folder of the
    /// certificates; `tcp` is TLS where `tls` is set, as with Docker's own tools.
    pub fn parse(address: &str, tls: bool, certificates: Option<&Path>) -> Result<Self, String> {
        let address = address.trim();
        if let Some(path) = address.strip_prefix("unix://").or_else(|| address.starts_with('/').then_some(address)) {
            if !path.starts_with('/') {
                return Err(format!("{address}: the path of a socket begins with /"));
            }
            return Ok(Self::Unix(PathBuf::from(path)));
        }
        let (rest, tls) = match address.split_once("://") {
            Some(("tcp", rest)) => (rest, tls),
            Some(("http", rest)) => (rest, false),
            Some(("https", rest)) => (rest, true),
            Some((scheme, _)) => {
                return Err(format!("{address}: {scheme}:// is not supported; use unix://, tcp:// or https://"));
            }
            None => return Err(format!("{address}: an engine's address begins with unix://, tcp:// or https://")),
        };
        let rest = rest.trim_end_matches('/');
        let (host, port) = match rest.rsplit_once(':') {
            Some((host, port)) if !port.ends_with(']') => {
                let port = port.parse().map_err(|_| format!("{address}: {port} is no port"))?;
                (host, port)
            }
            _ => (rest, if tls { 2376 } else { 2375 }),
        };
        let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
        if host.is_empty() || host.contains('/') {
            return Err(format!("{address}: the host is missing or has a path behind it"));
        }
        if !tls {
            return Ok(Self::Tcp { host, port });
        }
        let certificates = certificates.map(Path::to_owned).ok_or_else(|| {
            format!("{address}: TLS needs DOCKER_CERT_PATH, the folder with ca.pem, cert.pem and key.pem")
        })?;
        Ok(Self::Tls { host, port, certificates })
    }

    /// Whether the engine runs on this machine, so that its processes and cgroups can be read here.
    pub fn is_local(&self) -> bool {
        matches!(self, Self::Unix(_))
    }
}

/// The sockets to look for, best first.
pub fn usual_sockets(runtime_dir: Option<&Path>, home: Option<&Path>) -> Vec<PathBuf> {
    let mut sockets = vec![PathBuf::from("/var/run/docker.sock"), PathBuf::from("/run/podman/podman.sock")];
    if let Some(dir) = runtime_dir {
        sockets.push(dir.join("docker.sock"));
        sockets.push(dir.join("podman/podman.sock"));
    }
    if let Some(home) = home {
        sockets.push(home.join(".docker/run/docker.sock"));
    }
    sockets
}

/// The first of `sockets` that exists.
pub fn find(sockets: &[PathBuf]) -> Option<Endpoint> {
    use std::os::unix::fs::FileTypeExt;
    let is_socket = |path: &&PathBuf| std::fs::metadata(path).is_ok_and(|meta| meta.file_type().is_socket());
    sockets.iter().find(is_socket).cloned().map(Endpoint::Unix)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_docker_host_are_understood() {
        let parse = |address: &str| Endpoint::parse(address, false, None).map(|endpoint| endpoint.to_string());
        assert_eq!(parse("unix:///run/x.sock").unwrap(), "unix:///run/x.sock");
        assert_eq!(parse("/run/x.sock").unwrap(), "unix:///run/x.sock");
        assert_eq!(parse("tcp://10.0.0.1:2375").unwrap(), "tcp://10.0.0.1:2375");
        assert_eq!(parse("tcp://engine").unwrap(), "tcp://engine:2375");
        assert_eq!(parse("tcp://[::1]:99/").unwrap(), "tcp://::1:99");
        for wrong in ["", "ssh://a", "npipe:////./pipe/x", "tcp://", "tcp://a:b", "unix://relative", "tcp://a/b", "a:1"]
        {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn tls_needs_its_folder() {
        assert!(Endpoint::parse("https://engine", false, None).unwrap_err().contains("DOCKER_CERT_PATH"));
        let tls = Endpoint::parse("tcp://engine", true, Some(Path::new("/certs"))).unwrap();
        assert!(matches!(tls, Endpoint::Tls { port: 2376, .. }));
        assert!(!tls.is_local());
    }

    #[test]
    fn the_first_socket_that_exists_is_taken() {
        let dir = std::env::temp_dir().join(format!("gantry-endpoint-{}", std::process::id()));
        std::fs::create_dir_all(&dir).unwrap();
        let (file, socket) = (dir.join("file"), dir.join("socket"));
        std::fs::write(&file, "").unwrap();
        let _listener = std::os::unix::net::UnixListener::bind(&socket).unwrap();
        assert_eq!(find(&[dir.join("missing"), file, socket.clone()]), Some(Endpoint::Unix(socket)));
        assert_eq!(find(&[dir.join("missing")]), None);
        std::fs::remove_dir_all(dir).unwrap();
    }

    #[test]
    fn the_users_own_sockets_come_after_the_machines() {
        let sockets = usual_sockets(Some(Path::new("/run/user/1")), Some(Path::new("/home/a")));
        assert_eq!(sockets[0], Path::new("/var/run/docker.sock"));
        assert_eq!(sockets.last().unwrap(), Path::new("/home/a/.docker/run/docker.sock"));
        assert_eq!(sockets.len(), 5);
    }
}
