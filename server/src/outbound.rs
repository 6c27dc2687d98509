//! Requests to others, such as identity providers and webhooks: no redirects, no proxies, small answers, soon; never to this machine or its link.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use http::StatusCode;
use ipnet::IpNet;
use oauth2::{AsyncHttpClient, HttpRequest, HttpResponse};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::redirect::Policy;
use tokio_rustls::rustls::crypto::ring;
use url::{Host, Url};

const DEADLINE: Duration = Duration::from_secs(10);
const LARGEST_ANSWER: usize = 1024 * 1024;
/// The addresses behind which networks without IPv4 find those of IPv4 (RFC 6052).
const NAT64: [u16; 6] = [0x64, 0xff9b, 0, 0, 0, 0];

/// Why there is no answer. Nothing of an answer is told.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The address is none that may be asked.
    #[error("the address is not allowed")]
    Forbidden,
    /// Nobody answers there.
    #[error("nobody answers at {0}")]
    Unreachable(String),
    /// Somebody answers there that it is out of order.
    #[error("{0} is out of order")]
    Failing(String),
    /// The answer does not end.
    #[error("the answer of {0} is too long")]
    TooLong(String),
}

/// What asks others.
#[derive(Clone, Debug)]
pub struct Outbound {
    client: reqwest::Client,
    exceptions: Arc<[IpNet]>,
}

impl Outbound {
    /// What asks, also in the networks that are `exceptions`.
    pub fn new(exceptions: &[IpNet]) -> Result<Self, String> {
        // Somebody else in this process may have chosen already; whichever it is will do.
        let _ = ring::default_provider().install_default();
        let exceptions: Arc<[IpNet]> = exceptions.into();
        let client = reqwest::Client::builder()
            .redirect(Policy::none())
            .no_proxy()
            .timeout(DEADLINE)
            .user_agent(concat!("gantry/", env!("CARGO_PKG_VERSION")))
            .dns_resolver(Arc::new(Guarded(Arc::clone(&exceptions))))
            .build()
            .map_err(|error| error.to_string())?;
        Ok(Self { client, exceptions })
    }

    /// Whether an address may be asked, as far as it tells: a name may still lead to a place that may not.
    pub fn check(&self, url: &Url) -> Result<(), Error> {
        let literal = match url.host() {
            Some(Host::Ipv4(address)) => Some(IpAddr::V4(address)),
            Some(Host::Ipv6(address)) => Some(IpAddr::V6(address)),
            Some(Host::Domain(name)) if name == "localhost" || name.ends_with(".localhost") => {
                Some(IpAddr::V4(Ipv4Addr::LOCALHOST))
            }
            Some(Host::Domain(_)) => None,
            None => return Err(Error::Forbidden),
        };
        let allowed = literal.is_none_or(|address| is_allowed(&self.exceptions, address));
        let is_exception = literal.is_some_and(|address| is_in(&self.exceptions, address));
        let scheme = url.scheme() == "https" || url.scheme() == "http" && is_exception;
        let bare = url.username().is_empty() && url.password().is_none();
        if allowed && scheme && bare { Ok(()) } else { Err(Error::Forbidden) }
    }

    /// Asks.
    pub async fn send(&self, request: HttpRequest) -> Result<HttpResponse, Error> {
        let (host, mut answer) = self.ask(request).await?;
        if answer.status().is_server_error() {
            return Err(Error::Failing(host));
        }
        let mut body = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(|_| Error::Unreachable(host.clone()))? {
            if body.len() + chunk.len() > LARGEST_ANSWER {
                return Err(Error::TooLong(host));
            }
            body.extend_from_slice(&chunk);
        }
        let mut response = HttpResponse::new(body);
        *response.status_mut() = answer.status();
        *response.headers_mut() = answer.headers().clone();
        Ok(response)
    }

    /// Tells; of the answer only the status is looked at.
    pub async fn tell(&self, request: HttpRequest) -> Result<StatusCode, Error> {
        Ok(self.ask(request).await?.1.status())
    }

    /// The host that was asked, and its answer as far as it has come.
    async fn ask(&self, request: HttpRequest) -> Result<(String, reqwest::Response), Error> {
        let url: Url = request.uri().to_string().parse().map_err(|_| Error::Forbidden)?;
        self.check(&url)?;
        let host = url.host_str().unwrap_or_default().to_owned();
        let request = reqwest::Request::try_from(request).map_err(|_| Error::Forbidden)?;
        match self.client.execute(request).await {
            Ok(answer) => Ok((host, answer)),
            Err(error) => {
                // A path may be a secret.
                let error = error.without_url();
                tracing::info!(host, %error, cause = ?std::error::Error::source(&error), "nobody answers");
                Err(Error::Unreachable(host))
            }
        }
    }
}

impl<'c> AsyncHttpClient<'c> for Outbound {
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, Error>> + Send + 'c>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(self.send(request))
    }
}

/// Resolves names, and leaves out the addresses that may not be asked.
#[derive(Debug)]
struct Guarded(Arc<[IpNet]>);

impl Resolve for Guarded {
    fn resolve(&self, name: Name) -> Resolving {
        let exceptions = Arc::clone(&self.0);
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let allowed: Vec<SocketAddr> = found.filter(|address| is_allowed(&exceptions, address.ip())).collect();
            if allowed.is_empty() { Err(Error::Forbidden.into()) } else { Ok(Box::new(allowed.into_iter()) as Addrs) }
        })
    }
}

fn is_in(networks: &[IpNet], address: IpAddr) -> bool {
    networks.iter().any(|network| network.contains(&address.to_canonical()))
}

fn is_allowed(exceptions: &[IpNet], address: IpAddr) -> bool {
    is_in(exceptions, address) || !is_own(address)
}

/// Whether an address is this machine's, or one of its link: where clouds keep what a machine may know of itself.
fn is_own(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(v4) => {
            v4.is_loopback()
                || v4.is_link_local()
                || v4.is_unspecified()
                || v4.is_multicast()
                || v4.octets()[0] == 0
                || v4.octets()[0] >= 240
        }
        IpAddr::V6(v6) => {
            let segments = v6.segments();
            if segments[..6] == NAT64 {
                let [.., a, b, c, d] = v6.octets();
                return is_own(IpAddr::V4(Ipv4Addr::new(a, b, c, d)));
            }
            v6.is_loopback()
                || v6.is_unspecified()
                || v6.is_multicast()
                || v6.is_unicast_link_local()
                || segments[..2] == [0xfd00, 0xec2]
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(exceptions: &[&str], url: &str) -> Result<(), Error> {
        let exceptions: Vec<IpNet> = exceptions.iter().map(|text| text.parse().unwrap()).collect();
        Outbound::new(&exceptions).unwrap().check(&url.parse().unwrap())
    }

    #[test]
    fn this_machine_and_its_link_are_never_asked() {
        for url in [
            "https://127.0.0.1/",
            "https://127.1.2.3:8443/x",
            "https://0x7f.1/",
            "https://2130706433/",
            "https://0.0.0.0/",
            "https://169.254.169.254/latest",
            "https://[::1]/",
            "https://[::]/",
            "https://[::ffff:127.0.0.1]/",
            "https://[64:ff9b::7f00:1]/",
            "https://[fe80::1]/",
            "https://[fd00:ec2::254]/",
            "https://localhost/",
            "https://idp.localhost/",
            "https://user:secret@id.example/",
            "http://id.example/",
            "http://192.0.2.1/",
            "ftp://id.example/",
            "file:///etc/passwd",
            "unix:/run/docker.sock",
        ] {
            assert_eq!(check(&[], url), Err(Error::Forbidden), "{url}");
        }
        for url in ["https://id.example/realms/x", "https://10.0.0.5/", "https://[fd12::5]:8443/"] {
            assert_eq!(check(&[], url), Ok(()), "{url}");
        }
    }

    #[test]
    fn an_exception_is_exactly_what_it_says() {
        assert_eq!(check(&["127.0.0.0/8"], "http://127.0.0.1:4000/"), Ok(()));
        assert_eq!(check(&["127.0.0.0/8"], "http://localhost:4000/"), Ok(()));
        for url in ["http://[::1]/", "https://169.254.169.254/", "http://id.example/"] {
            assert_eq!(check(&["127.0.0.0/8"], url), Err(Error::Forbidden), "{url}");
        }
    }

    #[tokio::test]
    async fn a_name_that_leads_to_this_machine_is_not_asked() {
        let guarded = Guarded(Arc::from([]));
        let told = guarded.resolve("localhost".parse().unwrap()).await.map(|_| ()).unwrap_err();
        assert_eq!(told.to_string(), Error::Forbidden.to_string());
        let guarded = Guarded(Arc::from(["127.0.0.0/8".parse().unwrap(), "::1/128".parse().unwrap()]));
        assert!(guarded.resolve("localhost".parse().unwrap()).await.unwrap().next().is_some());
    }
}
