//! kubectl reads the kubeconfig we write, and Git is asked before one is written.

use libtest_mimic::{Failed, Trial};
use serde_json::{Value, json};

use crate::project::{Declaration, OPERATORS, Pair, Project, equal, expect};
use crate::tool::trial;

const EXPORT: &str =
    "export kubeconfig admin --manifest manifest.json --root . --server api.example.org";

pub(crate) fn trials() -> Vec<Trial> {
    let programs = |more| [&["age", "age-keygen", "ssh-keygen"], [more].as_slice()].concat();
    vec![
        trial(
            "kubectl::reads_what_we_export",
            &programs("kubectl"),
            kubectl_reads,
        ),
        trial(
            "kubectl::nothing_goes_where_git_would_commit_it",
            &programs("git"),
            git_decides,
        ),
        trial(
            "kubectl::no_key_is_shown_on_a_terminal_unasked",
            &programs("script"),
            terminal,
        ),
    ]
}

fn project() -> Result<Project, Failed> {
    let fields = json!({ "usages": ["client auth"], "commonName": "ada: \"1\"" });
    Project::made(
        &Declaration::default()
            .authority("root", &json!({}))
            .authority("web", &json!({ "issuer": "root" }))
            .leaf("cp1", "web", "admin", &fields),
    )
}

fn kubectl_reads() -> Result<(), Failed> {
    let project = project()?;
    project.ends_with(0, &format!("{EXPORT} -o admin.conf --namespace 1e3"))?;
    let view = "kubectl --kubeconfig admin.conf config view --raw --output json";
    let config: Value = serde_json::from_str(&project.bench.run(view)?)?;
    let pointer = |path: &str| config.pointer(path).cloned().unwrap_or_default();
    equal(
        &pointer("/clusters/0/cluster/server"),
        &json!("https://api.example.org:6443"),
    )?;
    equal(&pointer("/users/0/name"), &json!("ada: \"1\""))?;
    equal(&pointer("/current-context"), &json!("ada: \"1\"@web"))?;
    equal(&pointer("/contexts/0/context/namespace"), &json!("1e3"))?;
    let pair = Pair::leaf("cp1", "web", "admin");
    let key = project
        .bench
        .run(&format!("age -d -i {} {}", OPERATORS[0], pair.key))?;
    let wanted = [
        (
            "/clusters/0/cluster/certificate-authority-data",
            project.bench.read("secrets/certs/ca/root.crt")?,
        ),
        (
            "/users/0/user/client-certificate-data",
            project.bench.read(&pair.certificate)?,
        ),
        ("/users/0/user/client-key-data", key.into_bytes()),
    ];
    for (path, bytes) in wanted {
        use base64::Engine as _;
        let text = base64::engine::general_purpose::STANDARD.encode(bytes);
        equal(&pointer(path), &json!(text))?;
    }
    Ok(())
}

fn git_decides() -> Result<(), Failed> {
    let project = project()?;
    let bench = &project.bench;
    bench.run("git init --quiet")?;
    let said = project.ends_with(1, &format!("{EXPORT} -o admin.conf"))?;
    expect(said.contains("does not ignore it"), &said)?;
    bench.write(".gitignore", "/admin.conf\n")?;
    project.ends_with(0, &format!("{EXPORT} -o admin.conf"))?;
    bench.run("rm admin.conf")?;
    // Once it is tracked, no pattern keeps it out.
    bench.write("admin.conf", "")?;
    bench.run("git add --force admin.conf")?;
    bench.run("rm admin.conf")?;
    project
        .ends_with(1, &format!("{EXPORT} -o admin.conf"))
        .map(drop)
}

fn terminal() -> Result<(), Failed> {
    let project = project()?;
    let certs = env!("CARGO_BIN_EXE_certs");
    let on_terminal = |words: &str| {
        let command = format!("{certs} {EXPORT} {words}; echo ended with $?");
        project
            .bench
            .run_words(&["script", "--quiet", "--command", &command, "/dev/null"])
    };
    let said = on_terminal("")?;
    expect(said.contains("ended with 1"), &said)?;
    expect(!said.contains("client-key-data"), "a key was shown")?;
    let said = on_terminal("-o -")?;
    expect(
        said.contains("ended with 0") && said.contains("client-key-data"),
        &said,
    )
}
