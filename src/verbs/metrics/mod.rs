//! `certs metrics`: certificate files as Prometheus metrics, printed, written for the node exporter, or served.

mod deployed;

use std::io::{self, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use clap::Args;
use deployed::File;
use time::OffsetDateTime;

use crate::cli::arguments::new_path;
use crate::cli::error::{CliError, Exit};
use crate::cli::threads;
use crate::cli::ui::Ui;
use crate::render::metrics;
use crate::render::redaction::without_secrets;
use crate::render::words::shown;
use crate::store::outside;

/// Write Prometheus metrics of certificate files.
///
/// The metrics say when certificates expire, when they are due for renewal, and whether their keys are present and fit.
#[derive(Debug, Args)]
#[command(
    after_help = "On NixOS `certToolkit.monitoring.enable` runs this from a timer.\n\nExamples:\n  certs metrics /etc/ssl/*.crt\n  \
                        certs metrics --deployed /etc/certs/deployed.json --output /var/lib/node-exporter/certs.prom\n  \
                        certs metrics --deployed /etc/certs/deployed.json --listen 127.0.0.1:9793"
)]
pub(crate) struct MetricsArgs {
    /// Files with certificates in PEM, the leaf first.
    #[arg(value_name = "FILE", required_unless_present = "deployed")]
    pub files: Vec<PathBuf>,
    /// The list of this machine's certificates and keys, as its NixOS configuration writes it.
    #[arg(long, value_name = "FILE")]
    pub deployed: Option<PathBuf>,
    /// Write to a file, replacing it at once, for the textfile collector of the node exporter.
    #[arg(short, long, value_name = "FILE", conflicts_with = "listen", value_parser = new_path)]
    pub output: Option<PathBuf>,
    /// Serve the metrics below `/metrics` there; the files are read anew for each scrape.
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub listen: Option<String>,
}

/// A scrape that takes longer is not waited for.
const PATIENCE: Duration = Duration::from_secs(5);
/// Prometheus asks with one connection; a few more are people.
const MOST_CONNECTIONS: usize = 16;
/// No request for metrics is longer.
const LONGEST_REQUEST: usize = 8 << 10;

pub(crate) fn run(args: &MetricsArgs, ui: Ui) -> Result<Exit, CliError> {
    let mut files = match &args.deployed {
        Some(list) => deployed::listed(list)?,
        None => Vec::new(),
    };
    files.extend(args.files.iter().map(|path| File::named(path)));
    if let Some(address) = &args.listen {
        return serve(address, files, ui);
    }
    let text = scan(&files);
    match &args.output {
        None => ui.print(&text),
        Some(path) => {
            outside::replace(path, without_secrets(&text).as_bytes()).map_err(|error| {
                CliError::new(format!("cannot write {}", shown(path))).cause(error.to_string())
            })?;
        }
    }
    Ok(Exit::Done)
}

fn scan(files: &[File]) -> String {
    let samples: Vec<_> = files.iter().map(File::sample).collect();
    metrics::text(&samples, OffsetDateTime::now_utc())
}

/// Answers until the process is ended. The files are read anew for each scrape.
fn serve(address: &str, files: Vec<File>, ui: Ui) -> Result<Exit, CliError> {
    let listener = TcpListener::bind(address).map_err(|error| {
        CliError::new(format!("cannot listen on {address}"))
            .cause(error.to_string())
            .hint("give an address and a port that is free, like 127.0.0.1:9793")
    })?;
    if let Ok(local) = listener.local_addr() {
        ui.tell(&format!("serving http://{local}/metrics\n"));
    }
    let files = Arc::new(files);
    let open = Arc::new(AtomicUsize::new(0));
    for stream in listener.incoming().filter_map(Result::ok) {
        if open.fetch_add(1, Ordering::SeqCst) >= MOST_CONNECTIONS {
            open.fetch_sub(1, Ordering::SeqCst);
            continue;
        }
        let (files, open) = (Arc::clone(&files), Arc::clone(&open));
        let ended = Arc::clone(&open);
        let answering = threads::spawn(move || {
            // A client that disconnected early gets no answer.
            let _ = answer(stream, &files);
            ended.fetch_sub(1, Ordering::SeqCst);
        });
        // Who asks again is answered when there is a thread again.
        if answering.is_err() {
            open.fetch_sub(1, Ordering::SeqCst);
        }
    }
    Ok(Exit::Done)
}

fn answer(mut stream: TcpStream, files: &[File]) -> io::Result<()> {
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let request = read_request(&mut stream)?;
    let (status, body) = match request_line(&request) {
        Some(("GET" | "HEAD", "/metrics")) => ("200 OK", scan(files)),
        Some(("GET" | "HEAD", _)) => ("404 Not Found", "metrics are at /metrics\n".to_owned()),
        Some(_) => ("405 Method Not Allowed", String::new()),
        None => ("400 Bad Request", String::new()),
    };
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Type: text/plain; version=0.0.4; charset=utf-8\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes())?;
    if !request.starts_with(b"HEAD ") {
        stream.write_all(body.as_bytes())?;
    }
    stream.flush()
}

/// Up to the blank line that ends the head (RFC 9112 §2.1); what is longer is cut, and then no request.
fn read_request(stream: &mut TcpStream) -> io::Result<Vec<u8>> {
    let mut request = Vec::new();
    let mut buffer = [0; 1024];
    while request.len() < LONGEST_REQUEST && !request.windows(4).any(|end| end == b"\r\n\r\n") {
        match stream.read(&mut buffer)? {
            0 => break,
            read => request.extend_from_slice(buffer.get(..read).unwrap_or_default()),
        }
    }
    Ok(request)
}

/// Method and path of the first line, without a query.
fn request_line(request: &[u8]) -> Option<(&str, &str)> {
    let line = request.split(|byte| *byte == b'\r').next()?;
    let mut words = std::str::from_utf8(line).ok()?.split(' ');
    let (method, target, version) = (words.next()?, words.next()?, words.next()?);
    let path = target.split('?').next()?;
    version.starts_with("HTTP/1.").then_some((method, path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_line_of_a_request() {
        assert_eq!(
            request_line(b"GET /metrics?x=1 HTTP/1.1\r\nHost: a\r\n\r\n"),
            Some(("GET", "/metrics"))
        );
        assert_eq!(request_line(b"GET /metrics"), None);
        assert_eq!(request_line(b"\xff\xfe"), None);
    }
}
