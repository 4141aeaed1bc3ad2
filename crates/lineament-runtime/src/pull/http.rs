//! One file over HTTP.

use std::io::{self, Read};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use ureq::http::{Response, StatusCode, header};
use ureq::{Agent, Body};

use crate::error::RuntimeError;

/// How long a server may take to accept a connection, and to answer.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(60);
/// How long nothing may arrive before the connection is given up.
const STALL_TIMEOUT: Duration = Duration::from_secs(60);
/// How often a waiting download looks whether it should stop.
const TICK: Duration = Duration::from_millis(200);

/// Asks one address.
pub(super) struct Client<'a> {
    agent: Agent,
    url: &'a str,
}

/// What a server sends.
pub(super) enum Answer {
    /// The file from its beginning.
    Whole(Incoming),
    /// The file from the byte asked for.
    Rest(Incoming),
    /// That the file does not reach so far.
    NoSuchRange,
}

impl<'a> Client<'a> {
    pub(super) fn new(url: &'a str) -> Self {
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .timeout_connect(Some(ANSWER_TIMEOUT))
            .timeout_recv_response(Some(ANSWER_TIMEOUT))
            .user_agent(concat!("lineament/", env!("CARGO_PKG_VERSION")));
        Self {
            agent: config.build().into(),
            url,
        }
    }

    /// Asks for the file from byte `start` on.
    pub(super) fn get(&self, start: u64) -> Result<Answer, RuntimeError> {
        let mut request = self.agent.get(self.url);
        if start > 0 {
            request = request.header(header::RANGE, format!("bytes={start}-"));
        }
        let response = request.call().map_err(|e| transport(self.url, &e))?;
        match response.status() {
            StatusCode::OK => Ok(Answer::Whole(self.incoming(response))),
            StatusCode::PARTIAL_CONTENT if first_byte(&response) == Some(start) => {
                Ok(Answer::Rest(self.incoming(response)))
            }
            StatusCode::PARTIAL_CONTENT | StatusCode::RANGE_NOT_SATISFIABLE => {
                Ok(Answer::NoSuchRange)
            }
            other => Err(self.status(other.as_u16())),
        }
    }

    pub(super) fn status(&self, status: u16) -> RuntimeError {
        RuntimeError::HttpStatus {
            url: self.url.to_owned(),
            status,
        }
    }

    fn incoming(&self, response: Response<Body>) -> Incoming {
        let body = response.into_body();
        let n_bytes = body.content_length();
        let (sender, chunks) = sync_channel(4);
        thread::spawn(move || read(body.into_reader(), &sender));
        Incoming {
            url: self.url.to_owned(),
            n_bytes,
            chunks,
            left: n_bytes,
            last_news: Instant::now(),
        }
    }
}

/// The first byte of `Content-Range: bytes FIRST-LAST/TOTAL`.
fn first_byte(response: &Response<Body>) -> Option<u64> {
    let range = response
        .headers()
        .get(header::CONTENT_RANGE)?
        .to_str()
        .ok()?;
    range
        .strip_prefix("bytes ")?
        .split('-')
        .next()?
        .trim()
        .parse()
        .ok()
}

/// Reads until the end, an error, or nobody listens. It has a thread of its own, so that a stalled
/// connection holds up nobody.
fn read(mut body: impl Read, sender: &SyncSender<io::Result<Vec<u8>>>) {
    loop {
        let mut chunk = vec![0; 1 << 16];
        let read = body.read(&mut chunk).map(|n| {
            chunk.truncate(n);
            chunk
        });
        let last = !matches!(&read, Ok(chunk) if !chunk.is_empty());
        if sender.send(read).is_err() || last {
            return;
        }
    }
}

/// The body of an answer on its way.
pub(super) struct Incoming {
    url: String,
    /// Its length, where the server says so.
    pub(super) n_bytes: Option<u64>,
    chunks: Receiver<io::Result<Vec<u8>>>,
    left: Option<u64>,
    last_news: Instant,
}

impl Incoming {
    /// The next bytes, none at the end. Empty when nothing came for a moment.
    pub(super) fn next(&mut self) -> Result<Option<Vec<u8>>, RuntimeError> {
        match self.chunks.recv_timeout(TICK) {
            Ok(Ok(chunk)) if chunk.is_empty() => self.end(),
            Ok(Ok(chunk)) => {
                self.last_news = Instant::now();
                let n_bytes = chunk.len() as u64;
                self.left = self.left.map(|left| left.saturating_sub(n_bytes));
                Ok(Some(chunk))
            }
            Ok(Err(error)) => Err(transport(&self.url, &error)),
            Err(RecvTimeoutError::Timeout) if self.last_news.elapsed() < STALL_TIMEOUT => {
                Ok(Some(Vec::new()))
            }
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {
                Err(self.broken("nothing arrives any more"))
            }
        }
    }

    /// The body ended: as announced, or early.
    fn end(&self) -> Result<Option<Vec<u8>>, RuntimeError> {
        match self.left {
            None | Some(0) => Ok(None),
            Some(_) => Err(self.broken("the connection ended early")),
        }
    }

    fn broken(&self, reason: &str) -> RuntimeError {
        RuntimeError::Transport {
            url: self.url.clone(),
            reason: reason.to_owned(),
        }
    }
}

fn transport(url: &str, error: &dyn std::error::Error) -> RuntimeError {
    RuntimeError::Transport {
        url: url.to_owned(),
        reason: error.to_string(),
    }
}
