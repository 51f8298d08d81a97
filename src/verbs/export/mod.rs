//! `certs export`: what is in the tree, in the form another program wants. One form, one file.

mod arguments;
pub(crate) mod bootstrap;
pub(crate) mod bundle;
pub(crate) mod ca_secret;
pub(crate) mod certificate;
pub(crate) mod configmap;
pub(crate) mod crl;
pub(crate) mod der;
pub(crate) mod external_secret;
pub(crate) mod ingress;
pub(crate) mod issuer;
pub(crate) mod kubeconfig;
mod material;
mod output;
pub(crate) mod pem;
pub(crate) mod pkcs12;
pub(crate) mod prometheus_rule;
pub(crate) mod secret;
pub(crate) mod trust_bundle;
pub(crate) mod truststore;
mod wanted;

use clap::{Args, Subcommand};

use crate::cli::error::{CliError, Exit};
use crate::cli::ui::Ui;

pub(crate) use arguments::*;
pub(crate) use material::bundle as bundle_of;

/// Write certificates and keys in another program's format.
#[derive(Debug, Args)]
#[command(
    after_help = "A private key is written to a new file that only its owner can read and that Git ignores, or to standard output if that is \
                        not a terminal.\n\nExamples:\n  certs export pem cp1/web/server -o server.crt\n  \
                        certs export pkcs12 laptop -o laptop.p12\n  certs export secret cp1/web/server -n shop | kubectl apply -f -"
)]
pub(crate) struct ExportArgs {
    #[command(subcommand)]
    pub form: ExportCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ExportCommand {
    /// Write a certificate, its chain or its private key as PEM.
    #[command(
        after_help = "Examples:\n  certs export pem cp1/web/server > fullchain.pem\n  certs export pem cp1/web/server --part key -o \
                            privkey.pem\n  certs export pem ca/web --part leaf"
    )]
    Pem(PemArgs),
    /// Write a certificate or its private key as DER.
    #[command(
        after_help = "Examples:\n  certs export der ca/root -o root.cer\n  certs export der cp1/web/server --part key -o server.key"
    )]
    Der(DerArgs),
    /// Write a certificate, its key and its chain as PKCS#12.
    ///
    /// For people, browsers, Java and Windows.
    #[command(
        after_help = "The passphrase is asked for twice, or is the first line of a file; it is never an argument. Java's older format, \
                            JKS, is made of the file with `keytool -importkeystore -srckeystore laptop.p12 -destkeystore laptop.jks \
                            -deststoretype jks`.\n\nExamples:\n  certs export pkcs12 laptop -o laptop.p12\n  certs export pkcs12 \
                            cp1/web/server --legacy --password-file pass.txt -o server.pfx"
    )]
    Pkcs12(Pkcs12Args),
    /// Write the root CAs as PKCS#12, for Java.
    ///
    /// The file holds no secret.
    #[command(
        name = "truststore",
        after_help = "Example:\n  certs export truststore -o truststore.p12 && java -Djavax.net.ssl.trustStore=truststore.p12 \
                            -Djavax.net.ssl.trustStorePassword=changeit …"
    )]
    TrustStore(TrustStoreArgs),
    /// Write the root CAs as PEM.
    ///
    /// One certificate for each root CA; two while a root CA is being replaced.
    #[command(
        after_help = "Examples:\n  certs export bundle > ca.crt\n  curl --cacert <(certs export bundle ca/web) https://web.example"
    )]
    Bundle(BundleArgs),
    /// Write the CRLs of CAs.
    #[command(after_help = "Example:\n  certs export crl web -o web.crl")]
    Crl(CrlArgs),
    /// Write a Secret of type kubernetes.io/tls.
    ///
    /// The Secret holds the certificate with its intermediates, the private key, and the roots to verify peers with.
    #[command(
        after_help = "Examples:\n  certs export secret cp1/web/server -n shop --name web-tls | kubectl apply -f -\n  certs export \
                            secret cp1/web/server -n shop --name web-tls | kubeseal --format yaml > web-tls.yaml"
    )]
    Secret(SecretArgs),
    /// Write a Secret with a CA's key, for cert-manager's CA issuer.
    #[command(
        after_help = "Every reader of the Secret can act as that CA: cert-manager limits neither names nor lifetimes. Give it an \
                            intermediate CA of its own, with name constraints.\n\nExample:\n  certs export ca-secret ca/in-cluster --name \
                            in-cluster-ca | kubectl apply -f -"
    )]
    CaSecret(CaSecretArgs),
    /// Write a cert-manager ClusterIssuer or Issuer.
    ///
    /// It signs with the Secret of a CA, or asks a signer such as Vault.
    #[command(
        after_help = "With a namespace it is an Issuer, without a ClusterIssuer.\n\nExamples:\n  certs export issuer in-cluster --name \
                            in-cluster\n  certs export issuer --name vault-internal --vault https://vault.example:8200 --vault-path \
                            pki_int/sign/lab-internal --vault-role cert-manager"
    )]
    Issuer(IssuerArgs),
    /// Write a cert-manager Certificate.
    ///
    /// It asks for what is declared here, or for the given names.
    #[command(
        after_help = "Examples:\n  certs export certificate cp1/web/server --cluster-issuer in-cluster -n shop\n  certs export \
                            certificate --name my-app --san my-app.example.com --cluster-issuer in-cluster -n shop"
    )]
    Certificate(CertificateArgs),
    /// Write an Ingress with TLS.
    ///
    /// cert-manager issues its certificate, or it uses an exported Secret.
    #[command(
        after_help = "Example:\n  certs export ingress --name my-app --san my-app.example.com --cluster-issuer in-cluster --service \
                            my-app -n shop"
    )]
    Ingress(IngressArgs),
    /// Write a ConfigMap with the root CAs, to mount.
    #[command(
        name = "configmap",
        after_help = "Example:\n  certs export configmap --name ca-bundle -n shop"
    )]
    ConfigMap(ConfigMapArgs),
    /// Write a trust-manager Bundle with the root CAs.
    ///
    /// It holds both certificates of a root CA that is being replaced.
    #[command(
        after_help = "Example:\n  certs export trust-bundle --name ca-bundle --namespace-label trust=enabled"
    )]
    TrustBundle(TrustBundleArgs),
    /// Write an ExternalSecret for a certificate.
    ///
    /// The External Secrets Operator makes the Secret from one of its stores.
    #[command(
        after_help = "Nothing secret is in it. How the store gets the parts, with Vault:\n  vault kv put secret/web \
                            tls.crt=@<(certs export pem web) tls.key=@<(certs export pem web --part key) ca.crt=@<(certs export bundle \
                            web)\n\nExample:\n  certs export external-secret web --store vault-backend --key secret/web -n shop"
    )]
    ExternalSecret(ExternalSecretArgs),
    /// Write a PrometheusRule that alerts before expiry.
    #[command(
        after_help = "Examples:\n  certs export prometheus-rule -n monitoring --label release=prometheus\n  certs export \
                            prometheus-rule --cert-manager"
    )]
    PrometheusRule(PrometheusRuleArgs),
    /// Write the bindings that a new Kubernetes cluster needs.
    ///
    /// They are for its administrators, and for the API server as a client of kubelets.
    #[command(
        after_help = "A new cluster knows only system:masters. Apply it once with the super-admin's credentials; on NixOS \
                            `certToolkit.kubernetes.bootstrapManifest` also has the add-ons of nixpkgs.\n\nExample:\n  certs export \
                            bootstrap | kubectl --kubeconfig super-admin.conf apply -f -"
    )]
    Bootstrap(BootstrapArgs),
    /// Write a kubeconfig with a client certificate and its key.
    ///
    /// The file works like a password: every program that reads it acts as that user.
    #[command(
        after_help = "The file holds certificate, private key and the root that the API server is verified by. It is written for you \
                            alone, and not where Git would commit it.\n\nExamples:\n  \
                            certs export kubeconfig admin-ada -o ~/.kube/production\n  \
                            certs export kubeconfig cp1/kubernetes/admin-ada --server api.example.org -o - | kubectl --kubeconfig /dev/stdin get nodes\n  \
                            certs export kubeconfig worker1/kubernetes/kubelet --reference"
    )]
    Kubeconfig(KubeconfigArgs),
}

pub(crate) fn run(args: &ExportArgs, ui: Ui) -> Result<Exit, CliError> {
    match &args.form {
        ExportCommand::Pem(args) => pem::run(args, ui),
        ExportCommand::Der(args) => der::run(args, ui),
        ExportCommand::Pkcs12(args) => pkcs12::run(args, ui),
        ExportCommand::TrustStore(args) => truststore::run(args, ui),
        ExportCommand::Bundle(args) => bundle::run(args, ui),
        ExportCommand::Crl(args) => crl::run(args, ui),
        ExportCommand::Secret(args) => secret::run(args, ui),
        ExportCommand::CaSecret(args) => ca_secret::run(args, ui),
        ExportCommand::Issuer(args) => issuer::run(args, ui),
        ExportCommand::Certificate(args) => certificate::run(args, ui),
        ExportCommand::Ingress(args) => ingress::run(args, ui),
        ExportCommand::ConfigMap(args) => configmap::run(args, ui),
        ExportCommand::TrustBundle(args) => trust_bundle::run(args, ui),
        ExportCommand::ExternalSecret(args) => external_secret::run(args, ui),
        ExportCommand::PrometheusRule(args) => prometheus_rule::run(args, ui),
        ExportCommand::Bootstrap(args) => bootstrap::run(args, ui),
        ExportCommand::Kubeconfig(args) => kubeconfig::run(args, ui),
    }
}
