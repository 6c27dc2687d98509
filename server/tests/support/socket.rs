//! WebSockets to a portal that is served.

use std::net::SocketAddr;
use std::time::Duration;

use axum::body::Body;
use axum::http::{HeaderValue, Method, header};
use bytes::Bytes;
use futures::{SinkExt as _, StreamExt as _};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use super::Client;

/// How long a test waits for a message.
const PATIENCE: Duration = Duration::from_secs(60);

/// An open WebSocket.
pub struct Socket {
    stream: WebSocketStream<MaybeTlsStream<TcpStream>>,
    /// The code it was closed with.
    pub closed: Option<u16>,
}

impl Socket {
    /// Opens one as the portal's own pages do; the status where it is refused.
    pub async fn open(address: SocketAddr, client: &Client, path: &str) -> Result<Self, u16> {
        Self::open_from(address, client, path, Some(&client.origin())).await
    }

    /// Opens one with another `Origin`, or none.
    pub async fn open_from(
        address: SocketAddr,
        client: &Client,
        path: &str,
        origin: Option<&str>,
    ) -> Result<Self, u16> {
        let mut request = format!("ws://{address}{path}").into_client_request().unwrap();
        let known = client.request(Method::GET, path).body(Body::empty()).unwrap();
        for (name, value) in known.headers() {
            request.headers_mut().insert(name, value.clone());
        }
        if let Some(origin) = origin {
            request.headers_mut().insert(header::ORIGIN, HeaderValue::from_str(origin).unwrap());
        }
        match connect_async(request).await {
            Ok((stream, _)) => Ok(Self { stream, closed: None }),
            Err(Error::Http(response)) => Err(response.status().as_u16()),
            Err(error) => panic!("{path}: {error}"),
        }
    }

    /// The next message with content; `None` once it is closed.
    pub async fn next(&mut self) -> Option<Bytes> {
        let next = async {
            loop {
                match self.stream.next().await {
                    Some(Ok(Message::Binary(bytes))) => return Some(bytes),
                    Some(Ok(Message::Text(text))) => return Some(text.into()),
                    Some(Ok(Message::Close(frame))) => self.closed = frame.map(|frame| frame.code.into()),
                    Some(Ok(_)) => {}
                    Some(Err(_)) | None => return None,
                }
            }
        };
        tokio::time::timeout(PATIENCE, next).await.expect("a message in time")
    }

    /// The next message, if one comes soon.
    pub async fn next_within(&mut self, patience: Duration) -> Option<Bytes> {
        tokio::time::timeout(patience, self.next()).await.ok().flatten()
    }

    /// Sends bytes.
    pub async fn send(&mut self, bytes: impl Into<Bytes>) {
        self.stream.send(Message::Binary(bytes.into())).await.unwrap();
    }

    /// Waits until it is closed, and gives the code.
    pub async fn closed(mut self) -> Option<u16> {
        while self.next().await.is_some() {}
        self.closed
    }
}
