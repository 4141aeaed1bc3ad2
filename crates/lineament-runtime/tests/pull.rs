//! Downloads from a server on this machine that does what real ones do, and worse.
#![cfg(feature = "pull")]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "tests and their helpers"
)]

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::thread;

use lineament_runtime::{Download, Fault, ProgressSink, RuntimeError, Sha256, pull};
use tempfile::{TempDir, tempdir};

const FILE: &str = "model.onnx";

/// 300 kB that repeat nowhere near the size of a read.
fn content() -> Vec<u8> {
    (0..300_000u32)
        .map(|i| (i.wrapping_mul(2_654_435_761) >> 24) as u8)
        .collect()
}

/// A server whose `answer` gets the first byte asked for and writes the whole response. Returns
/// its address and the ranges that were asked for.
fn serve(
    answer: impl Fn(Option<u64>, &mut TcpStream) + Send + 'static,
) -> (String, Arc<Mutex<Vec<Option<u64>>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/{FILE}", listener.local_addr().unwrap());
    let ranges = Arc::new(Mutex::new(Vec::new()));
    let asked = Arc::clone(&ranges);
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let start = requested_start(&stream);
            asked.lock().unwrap().push(start);
            answer(start, &mut stream);
        }
    });
    (url, ranges)
}

fn requested_start(stream: &TcpStream) -> Option<u64> {
    let lines = BufReader::new(stream).lines().map(Result::unwrap);
    let headers: Vec<String> = lines.take_while(|line| !line.is_empty()).collect();
    let range = headers.iter().find_map(|h| {
        let (name, value) = h.split_once(": ")?;
        name.eq_ignore_ascii_case("range").then_some(value)
    });
    range?
        .strip_prefix("bytes=")?
        .strip_suffix('-')?
        .parse()
        .ok()
}

/// The client may have left, so that writing may fail.
fn respond(stream: &mut TcpStream, status: &str, headers: &str, body: &[u8]) {
    let length = body.len();
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Length: {length}\r\nConnection: close\r\n{headers}\r\n"
    );
    drop(
        stream
            .write_all(head.as_bytes())
            .and_then(|()| stream.write_all(body)),
    );
}

/// What a good server does: 206 from where it is asked, 416 past the end.
fn honest(start: Option<u64>, stream: &mut TcpStream) {
    let content = content();
    match start {
        None => respond(stream, "200 OK", "", &content),
        Some(start) if start < content.len() as u64 => {
            let range = format!(
                "Content-Range: bytes {start}-{}/{}\r\n",
                content.len() - 1,
                content.len()
            );
            respond(
                stream,
                "206 Partial Content",
                &range,
                &content[start as usize..],
            );
        }
        Some(_) => respond(stream, "416 Range Not Satisfiable", "", b""),
    }
}

fn download(url: &str) -> Download {
    Download {
        url: url.to_owned(),
        sha256: Sha256::of(&content()),
        file: FILE.to_owned(),
        max_bytes: 1_000_000,
    }
}

fn part(folder: &TempDir) -> PathBuf {
    folder.path().join(format!("{FILE}.part"))
}

fn assert_whole(folder: &Path) {
    assert_eq!(fs::read(folder.join(FILE)).unwrap(), content());
    assert_eq!(fs::read_dir(folder).unwrap().count(), 1);
}

/// Remembers every call and stops at so many bytes.
#[derive(Default)]
struct Recorder {
    calls: Mutex<Vec<(u64, Option<u64>)>>,
    stop_at: Option<u64>,
}

impl ProgressSink for Recorder {
    fn advance(&self, done_bytes: u64, total_bytes: Option<u64>) -> ControlFlow<()> {
        self.calls.lock().unwrap().push((done_bytes, total_bytes));
        match self.stop_at {
            Some(stop_at) if done_bytes >= stop_at => ControlFlow::Break(()),
            _ => ControlFlow::Continue(()),
        }
    }
}

#[test]
fn a_file_arrives_whole_and_once() {
    let (url, ranges) = serve(honest);
    let folder = tempdir().unwrap();
    let sink = Recorder::default();
    let path = pull(&download(&url), &folder.path().join("new"), &sink).unwrap();
    assert_eq!(path, folder.path().join("new").join(FILE));
    assert_whole(&folder.path().join("new"));
    let calls = sink.calls.into_inner().unwrap();
    assert!(calls.is_sorted());
    assert_eq!(calls.last(), Some(&(300_000, Some(300_000))));
    pull(&download(&url), &folder.path().join("new"), &()).unwrap();
    assert_eq!(*ranges.lock().unwrap(), [None]);
}

#[test]
fn a_stopped_download_goes_on_from_where_it_was() {
    let (url, ranges) = serve(honest);
    let folder = tempdir().unwrap();
    let sink = Recorder {
        stop_at: Some(70_000),
        ..Recorder::default()
    };
    let error = pull(&download(&url), folder.path(), &sink).unwrap_err();
    assert_eq!(error.fault(), Fault::Cancelled);
    let kept = fs::read(part(&folder)).unwrap();
    assert!(kept.len() >= 70_000 && content().starts_with(&kept));
    let sink = Recorder::default();
    pull(&download(&url), folder.path(), &sink).unwrap();
    assert_whole(folder.path());
    assert_eq!(*ranges.lock().unwrap(), [None, Some(kept.len() as u64)]);
    let total = |&(_, total): &(u64, Option<u64>)| total == Some(300_000);
    assert!(sink.calls.into_inner().unwrap().iter().all(total));
}

#[test]
fn a_connection_that_ends_early_keeps_what_arrived() {
    let (url, _) = serve(|start, stream| match start {
        None => {
            let head = "HTTP/1.1 200 OK\r\nContent-Length: 300000\r\n\r\n";
            stream.write_all(head.as_bytes()).unwrap();
            stream.write_all(&content()[..100_000]).unwrap();
        }
        start => honest(start, stream),
    });
    let folder = tempdir().unwrap();
    let error = pull(&download(&url), folder.path(), &()).unwrap_err();
    assert!(matches!(error, RuntimeError::Transport { .. }), "{error}");
    assert_eq!(fs::read(part(&folder)).unwrap(), content()[..100_000]);
    pull(&download(&url), folder.path(), &()).unwrap();
    assert_whole(folder.path());
}

#[test]
fn a_server_without_ranges_sends_all_again() {
    let (url, ranges) = serve(|_, stream| honest(None, stream));
    let folder = tempdir().unwrap();
    fs::write(part(&folder), &content()[..1000]).unwrap();
    pull(&download(&url), folder.path(), &()).unwrap();
    assert_whole(folder.path());
    assert_eq!(*ranges.lock().unwrap(), [Some(1000)]);
}

#[test]
fn a_server_that_goes_on_elsewhere_is_asked_for_all() {
    let (url, ranges) = serve(|start, stream| match start {
        None => honest(None, stream),
        Some(_) => respond(
            stream,
            "206 Partial Content",
            "Content-Range: bytes 5-9/300000\r\n",
            b"wrong",
        ),
    });
    let folder = tempdir().unwrap();
    fs::write(part(&folder), &content()[..1000]).unwrap();
    pull(&download(&url), folder.path(), &()).unwrap();
    assert_whole(folder.path());
    assert_eq!(*ranges.lock().unwrap(), [Some(1000), None]);
}

#[test]
fn a_part_longer_than_the_file_is_dropped() {
    let (url, ranges) = serve(honest);
    let folder = tempdir().unwrap();
    fs::write(part(&folder), [&content()[..], b"and more"].concat()).unwrap();
    pull(&download(&url), folder.path(), &()).unwrap();
    assert_whole(folder.path());
    assert_eq!(*ranges.lock().unwrap(), [Some(300_008), None]);
}

#[test]
fn a_part_that_is_the_whole_file_needs_no_server() {
    let folder = tempdir().unwrap();
    fs::write(part(&folder), content()).unwrap();
    pull(&download("http://127.0.0.1:1/"), folder.path(), &()).unwrap();
    assert_whole(folder.path());
}

#[test]
fn another_content_is_not_kept() {
    let (url, _) = serve(honest);
    let folder = tempdir().unwrap();
    fs::write(part(&folder), b"of another file").unwrap();
    let error = pull(&download(&url), folder.path(), &()).unwrap_err();
    assert_eq!(error.fault(), Fault::Corrupt);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    pull(&download(&url), folder.path(), &()).unwrap();
    assert_whole(folder.path());
}

#[test]
fn a_file_of_the_same_name_is_not_touched() {
    let folder = tempdir().unwrap();
    fs::write(folder.path().join(FILE), b"mine").unwrap();
    let error = pull(&download("http://127.0.0.1:1/"), folder.path(), &()).unwrap_err();
    assert!(
        matches!(error, RuntimeError::AlreadyThere { .. }),
        "{error}"
    );
    assert_eq!(fs::read(folder.path().join(FILE)).unwrap(), b"mine");
}

#[test]
fn an_error_page_is_no_file() {
    let (url, _) = serve(|_, stream| respond(stream, "404 Not Found", "", b"<html>"));
    let folder = tempdir().unwrap();
    let error = pull(&download(&url), folder.path(), &()).unwrap_err();
    assert!(
        matches!(error, RuntimeError::HttpStatus { status: 404, .. }),
        "{error}"
    );
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn nobody_there_is_a_transport_error() {
    let folder = tempdir().unwrap();
    let error = pull(&download("http://127.0.0.1:1/"), folder.path(), &()).unwrap_err();
    assert_eq!(error.fault(), Fault::Io, "{error}");
}

#[test]
fn an_announced_size_above_the_limit_is_not_read() {
    let (url, _) = serve(|_, stream| {
        drop(stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n"));
    });
    let folder = tempdir().unwrap();
    let error = pull(&download(&url), folder.path(), &()).unwrap_err();
    assert_eq!(error.fault(), Fault::Limit);
    assert!(error.to_string().contains("99999999999"), "{error}");
}

#[test]
fn an_endless_stream_ends_at_the_limit() {
    let (url, _) = serve(|_, stream| {
        let head = b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n";
        let mut open = stream.write_all(head).is_ok();
        while open {
            open = stream.write_all(&[7; 4096]).is_ok();
        }
    });
    let folder = tempdir().unwrap();
    let error = pull(&download(&url), folder.path(), &()).unwrap_err();
    assert_eq!(error.fault(), Fault::Limit);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn a_length_that_lies_is_found_out() {
    // Shorter than the content: the rest is not read, so that the digest is another.
    let (url, _) = serve(|_, stream| {
        let head = b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n";
        drop(
            stream
                .write_all(head)
                .and_then(|()| stream.write_all(&content())),
        );
    });
    let folder = tempdir().unwrap();
    let error = pull(&download(&url), folder.path(), &()).unwrap_err();
    assert!(
        matches!(error.fault(), Fault::Corrupt | Fault::Io),
        "{error}"
    );
    assert!(!folder.path().join(FILE).exists());
}

#[test]
fn redirects_are_followed_but_not_for_ever() {
    let (target, _) = serve(honest);
    let (url, _) = serve(move |_, stream| {
        respond(stream, "302 Found", &format!("Location: {target}\r\n"), b"");
    });
    let folder = tempdir().unwrap();
    pull(&download(&url), folder.path(), &()).unwrap();
    assert_whole(folder.path());

    let (url, asked) = serve(|_, stream| {
        respond(stream, "302 Found", &format!("Location: /{FILE}\r\n"), b"");
    });
    let folder = tempdir().unwrap();
    let error = pull(&download(&url), folder.path(), &()).unwrap_err();
    assert!(matches!(error, RuntimeError::Transport { .. }), "{error}");
    assert!(asked.lock().unwrap().len() < 30);
}

/// Stopping does not wait for a server that has gone silent.
#[test]
fn a_stalled_download_can_be_stopped() {
    let (url, _) = serve(|_, stream| {
        let head = b"HTTP/1.1 200 OK\r\nContent-Length: 300000\r\n\r\n";
        stream
            .write_all(head)
            .and_then(|()| stream.write_all(&content()[..10]))
            .unwrap();
        thread::sleep(std::time::Duration::from_secs(30));
    });
    /// Stops when nothing new arrived.
    struct Impatient(Mutex<u64>);
    impl ProgressSink for Impatient {
        fn advance(&self, done_bytes: u64, _: Option<u64>) -> ControlFlow<()> {
            let before = std::mem::replace(&mut *self.0.lock().unwrap(), done_bytes);
            match before == done_bytes && done_bytes > 0 {
                true => ControlFlow::Break(()),
                false => ControlFlow::Continue(()),
            }
        }
    }
    let folder = tempdir().unwrap();
    let started = std::time::Instant::now();
    let error = pull(&download(&url), folder.path(), &Impatient(Mutex::new(0))).unwrap_err();
    assert_eq!(error.fault(), Fault::Cancelled);
    assert!(started.elapsed().as_secs() < 10);
}

#[test]
fn two_processes_do_not_write_one_part() {
    let folder = tempdir().unwrap();
    let held = fs::File::create(part(&folder)).unwrap();
    held.lock().unwrap();
    let error = pull(&download("http://127.0.0.1:1/"), folder.path(), &()).unwrap_err();
    assert!(matches!(error, RuntimeError::Busy { .. }), "{error}");
}
