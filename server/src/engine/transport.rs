//! How calls reach an engine: one connection for each, with a cap on what is read from it.

use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bollard::BollardRequest;
use http::header::{HOST, USER_AGENT};
use http::{HeaderValue, Response, Uri};
use hyper::body::Incoming;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpStream, UnixStream};
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore, crypto};

use super::endpoint::Endpoint;
use super::error::{AnswerTooLarge, Error};

/// How long a connection may take to come about.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// The most bytes read at once. Left alone, hyper goes up to 400 KB, and a line of a log keeps what was read with it.
const READ_BYTES: usize = 64 * 1024;

trait Socket: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Socket for T {}

/// Opens connections to one engine.
#[derive(Clone)]
pub(super) struct Transport {
    endpoint: Arc<Endpoint>,
    tls: Option<TlsConnector>,
    /// The most bytes read from one connection.
    limit: Option<u64>,
    /// `/v1.41`, put before each path.
    prefix: Arc<str>,
}

impl Transport {
    pub(super) fn new(endpoint: Endpoint, prefix: &str, limit: Option<u64>) -> Result<Self, Error> {
        let tls = match &endpoint {
            Endpoint::Tls { certificates, .. } => Some(tls(certificates)?),
            Endpoint::Unix(_) | Endpoint::Tcp { .. } => None,
        };
        Ok(Self { endpoint: Arc::new(endpoint), tls, limit, prefix: prefix.into() })
    }

    /// The same engine with another path prefix and cap.
    pub(super) fn with(&self, prefix: &str, limit: Option<u64>) -> Self {
        Self { endpoint: self.endpoint.clone(), tls: self.tls.clone(), limit, prefix: prefix.into() }
    }

    pub(super) fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// Sends one request; the connection ends with its answer.
    pub(super) async fn send(&self, mut request: BollardRequest) -> Result<Response<Incoming>, Error> {
        let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
        *request.uri_mut() =
            format!("{}{path}", self.prefix).parse::<Uri>().map_err(|error| Error::InvalidSpec(error.to_string()))?;
        let headers = request.headers_mut();
        headers.insert(HOST, HeaderValue::from_static("engine"));
        headers.insert(USER_AGENT, HeaderValue::from_static(concat!("gantry/", env!("CARGO_PKG_VERSION"))));
        let io = Capped { inner: self.connect().await?, left: self.limit };
        let mut http = hyper::client::conn::http1::Builder::new();
        let (mut sender, connection) = http.max_buf_size(READ_BYTES).handshake(TokioIo::new(io)).await?;
        tokio::spawn(async move {
            if let Err(error) = connection.with_upgrades().await {
                tracing::trace!(%error, "an engine connection ended");
            }
        });
        Ok(sender.send_request(request).await?)
    }

    async fn connect(&self) -> Result<Box<dyn Socket>, Error> {
        let unreachable = |error: std::io::Error| match error.kind() {
            std::io::ErrorKind::PermissionDenied => Error::Unreachable(format!("{}: permission denied", self.endpoint)),
            _ => Error::Unreachable(format!("{}: {error}", self.endpoint)),
        };
        let connect = async {
            match &*self.endpoint {
                Endpoint::Unix(path) => {
                    Ok(Box::new(UnixStream::connect(path).await.map_err(unreachable)?) as Box<dyn Socket>)
                }
                Endpoint::Tcp { host, port } => {
                    let stream = TcpStream::connect((host.as_str(), *port)).await.map_err(unreachable)?;
                    let _ = stream.set_nodelay(true);
                    Ok(Box::new(stream) as Box<dyn Socket>)
                }
                Endpoint::Tls { host, port, .. } => {
                    let stream = TcpStream::connect((host.as_str(), *port)).await.map_err(unreachable)?;
                    let _ = stream.set_nodelay(true);
                    let name = ServerName::try_from(host.clone())
                        .map_err(|error| Error::Unreachable(format!("{host}: {error}")))?;
                    let tls = self.tls.as_ref().ok_or_else(|| Error::Unreachable("no TLS settings".to_owned()))?;
                    Ok(Box::new(tls.connect(name, stream).await.map_err(unreachable)?) as Box<dyn Socket>)
                }
            }
        };
        tokio::time::timeout(CONNECT_TIMEOUT, connect)
            .await
            .unwrap_or(Err(Error::Timeout { call: "connect", after_secs: CONNECT_TIMEOUT.as_secs() }))
    }
}

/// The settings of a TLS connection: the authority of the folder, and our own certificate where there is one.
fn tls(folder: &Path) -> Result<TlsConnector, Error> {
    let wrong = |file: &Path, error: &dyn std::fmt::Display| Error::Unreachable(format!("{}: {error}", file.display()));
    let mut roots = RootCertStore::empty();
    let authority = folder.join("ca.pem");
    for certificate in CertificateDer::pem_file_iter(&authority).map_err(|error| wrong(&authority, &error))? {
        let certificate = certificate.map_err(|error| wrong(&authority, &error))?;
        roots.add(certificate).map_err(|error| wrong(&authority, &error))?;
    }
    let builder = ClientConfig::builder_with_provider(Arc::new(crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| wrong(folder, &error))?
        .with_root_certificates(roots);
    let (own, key) = (folder.join("cert.pem"), folder.join("key.pem"));
    if !own.exists() {
        return Ok(TlsConnector::from(Arc::new(builder.with_no_client_auth())));
    }
    let chain = CertificateDer::pem_file_iter(&own)
        .map_err(|error| wrong(&own, &error))?
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| wrong(&own, &error))?;
    let key_der = PrivateKeyDer::from_pem_file(&key).map_err(|error| wrong(&key, &error))?;
    let config = builder.with_client_auth_cert(chain, key_der).map_err(|error| wrong(&own, &error))?;
    Ok(TlsConnector::from(Arc::new(config)))
}

/// A socket that fails once too much was read from it.
struct Capped {
    inner: Box<dyn Socket>,
    left: Option<u64>,
}

impl AsyncRead for Capped {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<std::io::Result<()>> {
        let before = buf.filled().len();
        ready!(Pin::new(&mut self.inner).poll_read(cx, buf))?;
        if let Some(left) = &mut self.left {
            let read = (buf.filled().len() - before) as u64;
            match left.checked_sub(read) {
                Some(rest) => *left = rest,
                None => return Poll::Ready(Err(std::io::Error::other(AnswerTooLarge))),
            }
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Capped {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<std::io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}
