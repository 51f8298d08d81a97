//! Takes out of an output what differs from run to run: places, dates, serial numbers, keys.

/// The text with every date, long hexadecimal number and process id replaced by a word, and each of `names` by its second.
pub(crate) fn redact(text: &str, names: &[(String, String)]) -> String {
    let mut text = text.to_owned();
    for (name, word) in names {
        text = text.replace(name, word);
    }
    let text = replace_runs(&text, |c| c.is_ascii_digit() || "-T:Z".contains(c), date);
    replace_runs(&text, |c| c.is_ascii_hexdigit(), number)
}

fn date(run: &str) -> Option<&'static str> {
    let day: Vec<&str> = run.get(..10)?.split('-').collect();
    let is_day = matches!(day.as_slice(), [year, month, day] if year.len() == 4 && month.len() == 2 && day.len() == 2);
    match run.len() {
        10 if is_day => Some("<date>"),
        20 if is_day => Some("<moment>"),
        _ => None,
    }
}

fn number(run: &str) -> Option<&'static str> {
    (run.len() >= 30).then_some("<hex>")
}

/// The same without the fingerprints of keys, which are new in every run.
pub(crate) fn without_fingerprints(text: &str) -> String {
    let mut parts = text.split("SHA256:");
    let first = parts.next().unwrap().to_owned();
    parts.fold(first, |text, part| format!("{text}SHA256:…{}", &part[43..]))
}

/// Replaces each longest run of the characters that `replacement` knows a word for.
fn replace_runs(
    text: &str,
    belongs: impl Fn(char) -> bool,
    replacement: impl Fn(&str) -> Option<&'static str>,
) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(start) = rest.find(&belongs) {
        let (before, from) = rest.split_at(start);
        let end = from.find(|c| !belongs(c)).unwrap_or(from.len());
        let (run, after) = from.split_at(end);
        out.push_str(before);
        out.push_str(replacement(run).unwrap_or(run));
        rest = after;
    }
    out + rest
}

#[test]
fn takes_out_what_differs() {
    let names = [("/tmp/x".to_owned(), "<project>".to_owned())];
    assert_eq!(
        redact(
            "in /tmp/x until 2030-01-02, \"2030-01-02T03:04:05Z\" 10.0.0.1 00ff00ff00ff00ff00ff00ff00ff00ff",
            &names
        ),
        "in <project> until <date>, \"<moment>\" 10.0.0.1 <hex>"
    );
}
