//! What can be typed after `certs export`.

use std::num::NonZeroU16;
use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use super::SourceArgs;
use crate::export::node::Language;
use crate::export::resource::{Label, Namespace, ObjectName};
use crate::export::secret::StoreKind;
use crate::model::{Lifetime, San};
use crate::plan::Pattern;

#[derive(Debug, Subcommand)]
pub(crate) enum ExportCommand {
    /// A certificate, its chain or its private key as PEM.
    #[command(
        after_help = "Examples:\n  certs export pem cp1/web/server > fullchain.pem\n  certs export pem cp1/web/server --part key -o \
                            privkey.pem\n  certs export pem ca/web --part leaf"
    )]
    Pem(PemArgs),
    /// A certificate or its private key as DER.
    #[command(
        after_help = "Examples:\n  certs export der ca/root -o root.cer\n  certs export der cp1/web/server --part key -o server.key"
    )]
    Der(DerArgs),
    /// A certificate with its key and its chain as PKCS#12, for people, browsers, Java and Windows.
    #[command(
        after_help = "The passphrase is asked for twice, or is the first line of a file; it is never an argument. Java's older format, \
                            JKS, is made of the file with `keytool -importkeystore -srckeystore laptop.p12 -destkeystore laptop.jks \
                            -deststoretype jks`.\n\nExamples:\n  certs export pkcs12 laptop -o laptop.p12\n  certs export pkcs12 \
                            cp1/web/server --legacy --password-file pass.txt -o server.pfx"
    )]
    Pkcs12(Pkcs12Args),
    /// The roots of trust as PKCS#12, for Java. Nothing secret is in it.
    #[command(
        name = "truststore",
        after_help = "Example:\n  certs export truststore -o truststore.p12 && java -Djavax.net.ssl.trustStore=truststore.p12 \
                            -Djavax.net.ssl.trustStorePassword=changeit …"
    )]
    TrustStore(TrustStoreArgs),
    /// The roots of trust as PEM: one for each root authority, two while one is being replaced.
    #[command(
        after_help = "Examples:\n  certs export bundle > ca.crt\n  curl --cacert <(certs export bundle ca/web) https://web.example"
    )]
    Bundle(BundleArgs),
    /// The certificate revocation lists of authorities.
    #[command(after_help = "Example:\n  certs export crl web -o web.crl")]
    Crl(CrlArgs),
    /// A Secret of type kubernetes.io/tls: certificate and intermediates, private key, roots to verify peers by.
    #[command(
        after_help = "Examples:\n  certs export secret cp1/web/server -n shop --name web-tls | kubectl apply -f -\n  certs export \
                            secret cp1/web/server -n shop --name web-tls | kubeseal --format yaml > web-tls.yaml"
    )]
    Secret(SecretArgs),
    /// A Secret with the key of an authority, for cert-manager's CA issuer.
    #[command(
        after_help = "Whoever can read the Secret is that authority: cert-manager limits neither names nor lifetimes. Give it an \
                            intermediate of its own, with name constraints.\n\nExample:\n  certs export ca-secret ca/in-cluster --name \
                            in-cluster-ca | kubectl apply -f -"
    )]
    CaSecret(CaSecretArgs),
    /// A cert-manager ClusterIssuer or Issuer: with the Secret of an authority, or with a signer like Vault.
    #[command(
        after_help = "With a namespace it is an Issuer, without a ClusterIssuer.\n\nExamples:\n  certs export issuer in-cluster --name \
                            in-cluster\n  certs export issuer --name vault-internal --vault https://vault.example:8200 --vault-path \
                            pki_int/sign/lab-internal --vault-role cert-manager"
    )]
    Issuer(IssuerArgs),
    /// A cert-manager Certificate that asks for what is declared here, or for names.
    #[command(
        after_help = "Examples:\n  certs export certificate cp1/web/server --cluster-issuer in-cluster -n shop\n  certs export \
                            certificate --name my-app --san my-app.example.com --cluster-issuer in-cluster -n shop"
    )]
    Certificate(CertificateArgs),
    /// An Ingress with TLS, whose certificate cert-manager issues, or that uses an exported Secret.
    #[command(
        after_help = "Example:\n  certs export ingress --name my-app --san my-app.example.com --cluster-issuer in-cluster --service \
                            my-app -n shop"
    )]
    Ingress(IngressArgs),
    /// A ConfigMap with the roots of trust, to mount.
    #[command(
        name = "configmap",
        after_help = "Example:\n  certs export configmap --name ca-bundle -n shop"
    )]
    ConfigMap(ConfigMapArgs),
    /// A trust-manager Bundle with the roots of trust, both of them while one is being replaced.
    #[command(
        after_help = "Example:\n  certs export trust-bundle --name ca-bundle --namespace-label trust=enabled"
    )]
    TrustBundle(TrustBundleArgs),
    /// An ExternalSecret that makes the Secret of a certificate out of a store of the External Secrets operator.
    #[command(
        after_help = "Nothing secret is in it. How the store gets the parts, with Vault:\n  vault kv put secret/web \
                            tls.crt=@<(certs export pem web) tls.key=@<(certs export pem web --part key) ca.crt=@<(certs export bundle \
                            web)\n\nExample:\n  certs export external-secret web --store vault-backend --key secret/web -n shop"
    )]
    ExternalSecret(ExternalSecretArgs),
    /// A PrometheusRule with the alerts on certificates that end.
    #[command(
        after_help = "Examples:\n  certs export prometheus-rule -n monitoring --label release=prometheus\n  certs export \
                            prometheus-rule --cert-manager"
    )]
    PrometheusRule(PrometheusRuleArgs),
    /// A kubeconfig for a client certificate: whoever has the file is its user.
    #[command(
        after_help = "The file holds certificate, private key and the root that the API server is verified by. It is written for you \
                            alone, and not where Git would commit it.\n\nExamples:\n  \
                            certs export kubeconfig admin-ada -o ~/.kube/production\n  \
                            certs export kubeconfig cp1/kubernetes/admin-ada --server api.example.org -o - | kubectl --kubeconfig /dev/stdin get nodes\n  \
                            certs export kubeconfig worker1/kubernetes/kubelet --reference"
    )]
    Kubeconfig(KubeconfigArgs),
}

#[derive(Debug, Args)]
pub(crate) struct PemArgs {
    #[command(flatten)]
    pub source: SourceArgs,
    /// `host/authority/certificate`, `ca/authority`, or any part of it that means only one.
    #[arg(value_name = "CERTIFICATE")]
    pub certificate: Pattern,
    /// What of it.
    #[arg(long, value_enum, default_value_t = PemPart::Fullchain)]
    pub part: PemPart,
    #[command(flatten)]
    pub out: SecretOutputArgs,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum PemPart {
    /// The certificate alone.
    Leaf,
    /// What stands between it and the root.
    Chain,
    /// The certificate and what stands between it and the root: what a server sends.
    Fullchain,
    /// The root it leads to; both while it is being replaced.
    Bundle,
    /// The private key, PKCS#8.
    Key,
    /// The private key, then as fullchain.
    Combined,
}

#[derive(Debug, Args)]
pub(crate) struct DerArgs {
    #[command(flatten)]
    pub source: SourceArgs,
    /// `host/authority/certificate`, `ca/authority`, or any part of it that means only one.
    #[arg(value_name = "CERTIFICATE")]
    pub certificate: Pattern,
    /// What of it.
    #[arg(long, value_enum, default_value_t = DerPart::Leaf)]
    pub part: DerPart,
    #[command(flatten)]
    pub out: SecretOutputArgs,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum DerPart {
    /// The certificate.
    Leaf,
    /// The root it leads to.
    Root,
    /// The private key, PKCS#8.
    Key,
}

#[derive(Debug, Args)]
pub(crate) struct Pkcs12Args {
    #[command(flatten)]
    pub source: SourceArgs,
    /// `host/authority/certificate`, `ca/authority`, or any part of it that means only one.
    #[arg(value_name = "CERTIFICATE")]
    pub certificate: Pattern,
    /// A file whose first line is the passphrase. Default: asked for.
    #[arg(long, value_name = "FILE")]
    pub password_file: Option<PathBuf>,
    /// What programs call it. Default: the name of the certificate.
    #[arg(long, value_name = "NAME")]
    pub alias: Option<String>,
    /// Triple DES and SHA-1, for programs that read nothing better.
    #[arg(long)]
    pub legacy: bool,
    #[command(flatten)]
    pub out: SecretOutputArgs,
}

#[derive(Debug, Args)]
pub(crate) struct TrustStoreArgs {
    #[command(flatten)]
    pub roots: RootsArgs,
    /// A file whose first line is the passphrase. Default: `changeit`, as Java has it.
    #[arg(long, value_name = "FILE")]
    pub password_file: Option<PathBuf>,
    /// Triple DES and SHA-1, for programs that read nothing better.
    #[arg(long)]
    pub legacy: bool,
    #[command(flatten)]
    pub out: OutputArgs,
}

#[derive(Debug, Args)]
pub(crate) struct BundleArgs {
    #[command(flatten)]
    pub roots: RootsArgs,
    #[command(flatten)]
    pub out: OutputArgs,
}

#[derive(Debug, Args)]
pub(crate) struct CrlArgs {
    #[command(flatten)]
    pub source: SourceArgs,
    /// The authorities, `ca/web` or `web`. Default: all that have a list.
    #[arg(value_name = "AUTHORITY")]
    pub authorities: Vec<Pattern>,
    /// DER instead of PEM, for one authority.
    #[arg(long)]
    pub der: bool,
    #[command(flatten)]
    pub out: OutputArgs,
}

#[derive(Debug, Args)]
pub(crate) struct SecretArgs {
    #[command(flatten)]
    pub source: SourceArgs,
    /// `host/authority/certificate`, or any part of it that means only one.
    #[arg(value_name = "CERTIFICATE")]
    pub certificate: Pattern,
    /// What the Secret is called. Default: `<certificate>-tls`.
    #[arg(long)]
    pub name: Option<ObjectName>,
    #[command(flatten)]
    pub namespace: NamespaceArgs,
    #[command(flatten)]
    pub format: FormatArgs,
    #[command(flatten)]
    pub out: SecretOutputArgs,
}

#[derive(Debug, Args)]
pub(crate) struct CaSecretArgs {
    #[command(flatten)]
    pub source: SourceArgs,
    /// The authority, `ca/web` or `web`.
    #[arg(value_name = "AUTHORITY")]
    pub authority: Pattern,
    /// What the Secret is called. Default: `<authority>-ca`.
    #[arg(long)]
    pub name: Option<ObjectName>,
    /// Where cert-manager looks: its own namespace for a ClusterIssuer, that of the Issuer otherwise.
    #[arg(short, long, default_value = "cert-manager")]
    pub namespace: Namespace,
    #[command(flatten)]
    pub format: FormatArgs,
    #[command(flatten)]
    pub out: SecretOutputArgs,
}

#[derive(Debug, Args)]
pub(crate) struct IssuerArgs {
    #[command(flatten)]
    pub source: SourceArgs,
    /// The authority, `ca/web` or `web`. With --vault: its root is what the server is verified by.
    #[arg(value_name = "AUTHORITY", required_unless_present_any = ["vault", "secret_name"])]
    pub authority: Option<Pattern>,
    /// What the issuer is called. Default: as the authority.
    #[arg(long, required_unless_present = "authority")]
    pub name: Option<ObjectName>,
    #[command(flatten)]
    pub namespace: NamespaceArgs,
    /// The Secret with the key of the authority. Default: `<authority>-ca`, as `certs export ca-secret` calls it.
    #[arg(long, conflicts_with = "vault")]
    pub secret_name: Option<ObjectName>,
    #[command(flatten)]
    pub vault: VaultArgs,
    #[command(flatten)]
    pub format: FormatArgs,
    #[command(flatten)]
    pub out: OutputArgs,
}

#[derive(Debug, Args)]
pub(crate) struct VaultArgs {
    /// The URL of a signer with the API of Vault.
    #[arg(long, value_name = "URL", requires = "vault_path")]
    pub vault: Option<String>,
    /// Where it signs: `<mount>/sign/<role>`.
    #[arg(long, value_name = "PATH", requires = "vault")]
    pub vault_path: Option<String>,
    /// How cert-manager proves who it is.
    #[arg(long, value_enum, default_value_t = VaultAuthWord::Kubernetes, requires = "vault")]
    pub vault_auth: VaultAuthWord,
    /// Where that method is mounted below `auth/`. Default: `kubernetes`, `approle`.
    #[arg(long, value_name = "NAME", requires = "vault")]
    pub vault_mount: Option<String>,
    /// The role to log in as (kubernetes).
    #[arg(
        long,
        value_name = "NAME",
        default_value = "cert-manager",
        requires = "vault"
    )]
    pub vault_role: String,
    /// The service account to log in with (kubernetes).
    #[arg(
        long,
        value_name = "NAME",
        default_value = "cert-manager",
        requires = "vault"
    )]
    pub service_account: ObjectName,
    /// The identifier of the role (approle).
    #[arg(
        long,
        value_name = "ID",
        requires = "vault",
        required_if_eq("vault_auth", "approle")
    )]
    pub role_id: Option<String>,
    /// The Secret with the secret identifier of the role in its key `secretId` (approle).
    #[arg(
        long,
        value_name = "NAME",
        default_value = "vault-approle",
        requires = "vault"
    )]
    pub secret_id_secret: ObjectName,
    /// Where cert-manager runs.
    #[arg(
        long,
        value_name = "NAMESPACE",
        default_value = "cert-manager",
        requires = "vault"
    )]
    pub cert_manager_namespace: Namespace,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum VaultAuthWord {
    /// With a token of a service account.
    Kubernetes,
    /// With a role identifier and a secret identifier.
    Approle,
}

/// What is asked for: a certificate as declared, or names.
#[derive(Debug, Args)]
pub(crate) struct WantedArgs {
    #[command(flatten)]
    pub source: SourceArgs,
    /// The certificate whose declaration is asked for: `host/authority/certificate`, or any part of it that means only one.
    #[arg(value_name = "CERTIFICATE", required_unless_present = "san")]
    pub certificate: Option<Pattern>,
    /// Instead: a name that is declared nowhere; may be given several times.
    #[arg(long, value_name = "NAME", value_parser = |text: &str| San::parse(text), conflicts_with = "certificate")]
    pub san: Vec<San>,
    /// What the resource is called. Default: as the certificate.
    #[arg(long, required_unless_present = "certificate")]
    pub name: Option<ObjectName>,
    #[command(flatten)]
    pub namespace: NamespaceArgs,
    /// The Secret with certificate and key. Default: `<name>-tls`.
    #[arg(long)]
    pub secret_name: Option<ObjectName>,
    /// The ClusterIssuer to ask.
    #[arg(long, value_name = "NAME", conflicts_with = "issuer")]
    pub cluster_issuer: Option<ObjectName>,
    /// The Issuer of the same namespace to ask.
    #[arg(long, value_name = "NAME")]
    pub issuer: Option<ObjectName>,
}

#[derive(Debug, Args)]
pub(crate) struct CertificateArgs {
    #[command(flatten)]
    pub wanted: WantedArgs,
    /// How long each certificate lasts. Default: as declared; of names 2160h, as cert-manager has it.
    #[arg(long, value_name = "TIME", value_parser = |text: &str| Lifetime::parse(text))]
    pub duration: Option<Lifetime>,
    #[command(flatten)]
    pub format: FormatArgs,
    #[command(flatten)]
    pub out: OutputArgs,
}

#[derive(Debug, Args)]
pub(crate) struct IngressArgs {
    #[command(flatten)]
    pub wanted: WantedArgs,
    /// The Service behind it. Default: as the Ingress is called.
    #[arg(long, value_name = "NAME")]
    pub service: Option<ObjectName>,
    /// The port of the Service.
    #[arg(long, default_value = "80")]
    pub port: NonZeroU16,
    /// The Ingress class. Default: that of the cluster.
    #[arg(long)]
    pub class: Option<String>,
    #[command(flatten)]
    pub format: FormatArgs,
    #[command(flatten)]
    pub out: OutputArgs,
}

#[derive(Debug, Args)]
pub(crate) struct ConfigMapArgs {
    #[command(flatten)]
    pub roots: RootsArgs,
    /// What the ConfigMap is called.
    #[arg(long, default_value = "ca-bundle")]
    pub name: ObjectName,
    #[command(flatten)]
    pub namespace: NamespaceArgs,
    #[command(flatten)]
    pub format: FormatArgs,
    #[command(flatten)]
    pub out: OutputArgs,
}

#[derive(Debug, Args)]
pub(crate) struct TrustBundleArgs {
    #[command(flatten)]
    pub roots: RootsArgs,
    /// What the Bundle is called, and each ConfigMap it makes.
    #[arg(long, default_value = "ca-bundle")]
    pub name: ObjectName,
    /// The key of the ConfigMaps.
    #[arg(long, value_name = "KEY", default_value = "ca.crt")]
    pub target_key: String,
    /// Only namespaces with this label, KEY=VALUE; may be given several times. Default: all.
    #[arg(long, value_name = "LABEL")]
    pub namespace_label: Vec<Label>,
    /// Trust the public authorities that trust-manager brings along too.
    #[arg(long)]
    pub public_roots: bool,
    #[command(flatten)]
    pub format: FormatArgs,
    #[command(flatten)]
    pub out: OutputArgs,
}

#[derive(Debug, Args)]
pub(crate) struct ExternalSecretArgs {
    #[command(flatten)]
    pub source: SourceArgs,
    /// `host/authority/certificate`, `ca/authority`, or any part of it that means only one.
    #[arg(value_name = "CERTIFICATE")]
    pub certificate: Pattern,
    /// The store to read from.
    #[arg(long, value_name = "NAME")]
    pub store: ObjectName,
    /// What kind of store it is.
    #[arg(long, value_enum, default_value_t = StoreKindWord::ClusterSecretStore)]
    pub store_kind: StoreKindWord,
    /// What the store calls it.
    #[arg(long, value_name = "KEY")]
    pub key: String,
    /// What the store calls the certificate with its chain.
    #[arg(long, value_name = "NAME", default_value = "tls.crt")]
    pub certificate_property: String,
    /// What the store calls the private key.
    #[arg(long, value_name = "NAME", default_value = "tls.key")]
    pub key_property: String,
    /// What the store calls the root.
    #[arg(long, value_name = "NAME", default_value = "ca.crt")]
    pub ca_property: String,
    /// How often the store is asked.
    #[arg(long, value_name = "TIME", default_value = "1h", value_parser = |text: &str| Lifetime::parse(text))]
    pub refresh: Lifetime,
    /// What the Secret is called. Default: as `certs export secret` and `ca-secret` call it.
    #[arg(long)]
    pub name: Option<ObjectName>,
    #[command(flatten)]
    pub namespace: NamespaceArgs,
    #[command(flatten)]
    pub format: FormatArgs,
    #[command(flatten)]
    pub out: OutputArgs,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "PascalCase")]
pub(crate) enum StoreKindWord {
    /// Of the same namespace.
    SecretStore,
    /// Of the whole cluster.
    ClusterSecretStore,
}

impl From<StoreKindWord> for StoreKind {
    fn from(word: StoreKindWord) -> Self {
        match word {
            StoreKindWord::SecretStore => Self::SecretStore,
            StoreKindWord::ClusterSecretStore => Self::ClusterSecretStore,
        }
    }
}

#[derive(Debug, Args)]
pub(crate) struct PrometheusRuleArgs {
    /// What the PrometheusRule is called.
    #[arg(long, default_value = "certs")]
    pub name: ObjectName,
    #[command(flatten)]
    pub namespace: NamespaceArgs,
    /// A label, KEY=VALUE, by which your Prometheus selects its rules; may be given several times.
    #[arg(long)]
    pub label: Vec<Label>,
    /// Alerts on cert-manager's own certificates too.
    #[arg(long)]
    pub cert_manager: bool,
    #[command(flatten)]
    pub format: FormatArgs,
    #[command(flatten)]
    pub out: OutputArgs,
}

/// Whose roots are meant.
#[derive(Debug, Args)]
pub(crate) struct RootsArgs {
    #[command(flatten)]
    pub source: SourceArgs,
    /// Authorities or certificates; what is meant are their roots; `*` stands for any. Default: the root, where there is one only.
    #[arg(value_name = "AUTHORITY")]
    pub of: Vec<Pattern>,
}

#[derive(Debug, Args)]
pub(crate) struct NamespaceArgs {
    /// The namespace. Default: that of whoever applies it.
    #[arg(short, long)]
    pub namespace: Option<Namespace>,
}

#[derive(Clone, Copy, Debug, Args)]
pub(crate) struct FormatArgs {
    /// How it is written.
    #[arg(long, value_enum, default_value_t = FormatWord::Yaml)]
    pub format: FormatWord,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum FormatWord {
    Yaml,
    Json,
}

impl From<FormatArgs> for Language {
    fn from(args: FormatArgs) -> Self {
        match args.format {
            FormatWord::Yaml => Self::Yaml,
            FormatWord::Json => Self::Json,
        }
    }
}

/// Where something goes that everybody may read.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct OutputArgs {
    /// Write to a file, replacing it at once. Default: standard output, which is `-`.
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

/// Where something goes that may hold a private key.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct SecretOutputArgs {
    /// The file to write; with a private key in it, it must not exist. `-` is standard output, which is the default where that is no
    /// terminal.
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// A file with an age identity or an SSH private key that opens the key; may be given several times.
    /// Default: `userAgeIdentity` of the declaration.
    #[arg(short, long, value_name = "FILE")]
    pub identity: Vec<String>,
    /// Replace the file if it is there, and write it even where Git would commit it.
    #[arg(long)]
    pub force: bool,
}

#[derive(Debug, Args)]
pub(crate) struct KubeconfigArgs {
    #[command(flatten)]
    pub source: SourceArgs,
    /// The certificate: `host/authority/certificate`, or any part of it that means only one.
    #[arg(value_name = "CERTIFICATE")]
    pub certificate: Pattern,
    /// The API server: a name or an address, with or without a port, or an https URL. Default: `controlPlaneEndpoint` of the host.
    #[arg(long, value_name = "URL")]
    pub server: Option<String>,
    /// What the cluster is called in the file. Default: as it is declared.
    #[arg(long, value_name = "NAME")]
    pub cluster: Option<String>,
    /// What the user is called in the file. Default: the common name.
    #[arg(long, value_name = "NAME")]
    pub user: Option<String>,
    /// What the context is called. Default: `user@cluster`.
    #[arg(long, value_name = "NAME")]
    pub context: Option<String>,
    /// The namespace of commands that name none.
    #[arg(long, value_name = "NAME")]
    pub namespace: Option<String>,
    /// Put certificate, key and root into the file. This is the default.
    #[arg(long, conflicts_with = "reference")]
    pub embed: bool,
    /// Name the files instead: certificate and root in this project, the key where agenix puts it. Needs no identity.
    #[arg(long)]
    pub reference: bool,
    /// Where the key will be. Default: `/run/agenix/…`.
    #[arg(long, value_name = "FILE", requires = "reference")]
    pub key_file: Option<String>,
    #[command(flatten)]
    pub out: SecretOutputArgs,
}
