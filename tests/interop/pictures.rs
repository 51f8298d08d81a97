//! An XML parser reads our maps, and a browser opens our report: the search works, and nothing is fetched.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};

use libtest_mimic::{Failed, Trial};
use serde_json::json;

use crate::project::{AGE, Declaration, Project, equal, expect};
use crate::tool::trial;

const HOSTILE: &str = "</script>\"'><img src=x onerror=alert(1)>&amp; שלום 🔑";

pub(crate) fn trials() -> Vec<Trial> {
    let with = |program: &'static str| [&AGE[..], &[program]].concat();
    vec![
        trial(
            "pictures::an_xml_parser_reads_what_we_draw",
            &with("python3"),
            xml,
        ),
        trial(
            "pictures::a_browser_searches_and_fetches_nothing",
            &with("chromium"),
            browser,
        ),
        trial(
            "pictures::a_browser_runs_nothing_but_our_script",
            &with("chromium"),
            policy,
        ),
    ]
}

/// Names that no language of pictures should take for its own.
fn project() -> Result<Project, Failed> {
    Project::made(
        &Declaration::default()
            .authority("root", &json!({ "commonName": HOSTILE }))
            .authority("web", &json!({ "issuer": "root", "keyHosts": ["cp1"] }))
            .leaf("cp1", "web", "site", &json!({ "commonName": HOSTILE }))
            .leaf("cp1", "root", "server", &json!({}))
            .leaf("w1", "web", "agent", &json!({}))
            .key_pair("tokens", &["cp1", "w1"], &json!({})),
    )
}

fn draw(project: &Project, words: &str) -> Result<String, Failed> {
    project.ends_with(0, &format!("{words} --manifest manifest.json --root ."))
}

fn xml() -> Result<(), Failed> {
    const SCRIPT: &str = "import sys, xml.etree.ElementTree as tree
names = set()
for element in tree.parse('map.svg').iter():
    names.add(element.tag.split('}')[1])
    assert not any('href' in name or name.startswith('on') for name in element.attrib), element.attrib
print(*sorted(names))";
    let project = project()?;
    draw(&project, "graph --format svg -o map.svg")?;
    let names = project.bench.run_words(&["python3", "-c", SCRIPT])?;
    equal(&names.trim(), &"g path rect style svg text title")
}

/// Every path that was asked for.
type Asked = Arc<Mutex<Vec<String>>>;

/// The report as a site of its own.
fn serve(page: Vec<u8>) -> Result<(String, Asked), Failed> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = format!("http://{}/", listener.local_addr()?);
    let asked = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&asked);
    std::thread::spawn(move || {
        for mut stream in listener.incoming().filter_map(Result::ok) {
            let mut line = String::new();
            let _ = BufReader::new(&stream).read_line(&mut line);
            // A browser also opens connections in advance and asks nothing on them.
            let Some(path) = line.split(' ').nth(1).map(str::to_owned) else {
                continue;
            };
            // Whoever holds the list has not panicked: nothing is done while it is held.
            log.lock()
                .unwrap_or_else(std::sync::PoisonError::into_inner)
                .push(path);
            let head = "HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\nConnection: close\r\n";
            let _ = write!(stream, "{head}Content-Length: {}\r\n\r\n", page.len());
            let _ = stream.write_all(&page);
        }
    });
    Ok((address, asked))
}

/// What the page is after its script ran, behind what the browser had to say. It reaches nothing but this machine.
fn open(project: &Project, address: &str) -> Result<String, Failed> {
    let line = "chromium --headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking \
                --disable-component-update --disable-sync --user-data-dir=browser --enable-logging=stderr \
                --virtual-time-budget=3000 --dump-dom";
    let mut words: Vec<&str> = line.split_whitespace().collect();
    words.extend([
        "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
        address,
    ]);
    project.bench.run_words(&words)
}

fn asked(log: &Mutex<Vec<String>>) -> Vec<String> {
    log.lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner)
        .clone()
}

fn browser() -> Result<(), Failed> {
    let project = project()?;
    draw(&project, "report")?;
    let (address, log) = serve(project.bench.read("report.html")?)?;
    let seen = open(&project, &address)?;
    expect(seen.contains("<output id=\"shown\">6 of 6</output>"), &seen)?;
    let seen = open(&project, &format!("{address}#q=SITE%20cp1&state=good"))?;
    expect(seen.contains("<output id=\"shown\">1 of 6</output>"), &seen)?;
    let rows = seen
        .lines()
        .filter(|line| line.starts_with("<details class="));
    let shown: Vec<&str> = rows.filter(|row| !row.contains("hidden")).collect();
    expect(
        matches!(shown.as_slice(), [row] if row.contains("site")),
        &format!("{shown:#?}"),
    )?;
    expect(!seen.contains("CONSOLE"), &seen)?;
    equal(&asked(&log), &vec!["/".to_owned(), "/".to_owned()])
}

/// What an injected element would try is refused by the policy, and said on the console: the trial above would see it.
fn policy() -> Result<(), Failed> {
    let project = project()?;
    draw(&project, "report")?;
    let page = String::from_utf8(project.bench.read("report.html")?)?;
    let injected = "<main><img src=\"/stolen\"><script>document.title = 'taken'</script>";
    let (address, log) = serve(page.replace("<main>", injected).into_bytes())?;
    let seen = open(&project, &address)?;
    expect(seen.matches("Content Security Policy").count() >= 2, &seen)?;
    expect(seen.contains("<title>Certificates</title>"), &seen)?;
    equal(&asked(&log), &vec!["/".to_owned()])
}
