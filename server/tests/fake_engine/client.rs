//! Plain calls of an engine, for tests that look at what really goes over the socket.

use std::io;
use std::path::Path;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::Response;
use hyper::body::Incoming;
use hyper_util::rt::TokioIo;
use tokio::net::UnixStream;

/// Makes a call; the body is still to be read. `path` has its version prefix, if it shall have one.
pub async fn open(socket: &Path, method: &str, path: &str, body: Bytes) -> io::Result<Response<Incoming>> {
    let stream = UnixStream::connect(socket).await?;
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.map_err(io::Error::other)?;
    tokio::spawn(connection);
    let request = hyper::Request::builder()
        .method(method)
        .uri(path)
        .header("Host", "engine")
        .header("Content-Type", "application/json")
        .body(Full::new(body))
        .map_err(io::Error::other)?;
    sender.send_request(request).await.map_err(io::Error::other)
}

/// Makes a call and reads all of its answer.
pub async fn call(socket: &Path, method: &str, path: &str, body: Bytes) -> io::Result<(u16, Bytes)> {
    let response = open(socket, method, path, body).await?;
    let status = response.status().as_u16();
    let body = response.into_body().collect().await.map_err(io::Error::other)?;
    Ok((status, body.to_bytes()))
}
