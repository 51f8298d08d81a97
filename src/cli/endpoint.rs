//! Asks a TLS server for its certificates. Everything is taken, because nothing is sent or believed: what came is only shown.

use std::fmt;
use std::io::{self, ErrorKind};
use std::net::{IpAddr, TcpStream, ToSocketAddrs as _};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, ClientConnection, DigitallySignedStruct, SignatureScheme};

use super::error::CliError;
use crate::inspect::document;
use crate::inspect::object::{ConnectionFacts, Found, Object, Step};
use crate::x509::request::SignatureCheck;

/// Where a server listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Endpoint {
    host: String,
    port: u16,
}

impl Endpoint {
    /// `host:port`, `[::1]:port` or `https://host`; `None` if it is none of these.
    pub(crate) fn parse(given: &Path) -> Option<Self> {
        let text = given.to_str()?;
        if let Some(rest) = text.strip_prefix("https://") {
            let authority = rest.split(['/', '?', '#']).next().unwrap_or(rest);
            return Self::host_and_port(authority).or_else(|| Self::new(authority, 443));
        }
        Self::host_and_port(text)
    }

    /// `host`, `host:port`, an address of either kind, `[::1]:port`.
    pub(crate) fn with_default_port(text: &str, port: u16) -> Option<Self> {
        if text.parse::<std::net::Ipv6Addr>().is_ok() {
            return Some(Self {
                host: text.to_owned(),
                port,
            });
        }
        Self::host_and_port(text).or_else(|| Self::new(text, port))
    }

    pub(crate) fn host(&self) -> &str {
        &self.host
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    fn host_and_port(text: &str) -> Option<Self> {
        let (host, port) = text.rsplit_once(':')?;
        Self::new(host, port.parse().ok()?)
    }

    fn new(host: &str, port: u16) -> Option<Self> {
        let bare = match host
            .strip_prefix('[')
            .and_then(|host| host.strip_suffix(']'))
        {
            Some(address) => address,
            // Without brackets nobody could tell the port from the address.
            None if host.contains(':') => return None,
            None => host,
        };
        // What begins with a hyphen is an option to a program that is given it.
        let is_host = !bare.is_empty()
            && !bare.starts_with('-')
            && !bare.contains(['/', '\\', ' ', '@', '[', ']']);
        is_host.then(|| Self {
            host: bare.to_owned(),
            port,
        })
    }
}

/// As it can be typed.
impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.contains(':') {
            write!(f, "[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{}:{}", self.host, self.port)
        }
    }
}

/// The connection, then the certificates as the server sent them.
pub(crate) fn chain(
    endpoint: &Endpoint,
    server_name: Option<&str>,
    timeout: Duration,
) -> Result<Vec<Found>, CliError> {
    let Endpoint { host, port } = endpoint;
    let wanted = server_name.unwrap_or(host);
    let name = ServerName::try_from(wanted.to_owned()).map_err(|_| {
        CliError::new(format!(
            "{wanted:?} is no name that a TLS server can be asked for"
        ))
        .hint("give one with --server-name")
    })?;
    let failed = |reason: &dyn ToString| {
        CliError::new(format!("cannot get the certificates of {host}:{port}"))
            .cause(reason.to_string())
    };
    let failed_by = |error: &io::Error| failed(&cause(error)).hint(hint(error));
    let deadline = Instant::now() + timeout;
    let mut socket = connect(endpoint, deadline).map_err(|error| failed_by(&error))?;
    let taken = Arc::new(Taken::new());
    let mut session = session(&taken, name.clone()).map_err(|error| failed(&error))?;
    let outcome = handshake(&mut session, &mut socket, deadline);
    let certificates = taken.certificates();
    if certificates.is_empty() {
        return Err(match outcome {
            Err(error) => failed_by(&error),
            Ok(()) => failed(&"it sent none"),
        });
    }
    let address = socket
        .peer_addr()
        .map_or_else(|_| format!("{host}:{port}"), |address| address.to_string());
    let facts = facts(&session, &name, address, &taken, outcome.err().as_ref());
    Ok(shown(facts, &certificates))
}

fn facts(
    session: &ClientConnection,
    name: &ServerName<'_>,
    address: String,
    taken: &Taken,
    broke_off: Option<&io::Error>,
) -> ConnectionFacts {
    ConnectionFacts {
        address,
        server_name: match name {
            ServerName::DnsName(name) => Some(name.as_ref().to_owned()),
            _ => None,
        },
        protocol: session.protocol_version().map(|version| {
            format!("{version:?}")
                .replace('_', ".")
                .replacen("TLSv", "TLS ", 1)
        }),
        cipher_suite: session
            .negotiated_cipher_suite()
            .map(|suite| format!("{:?}", suite.suite())),
        key_exchange: session
            .negotiated_key_exchange_group()
            .map(|group| format!("{:?}", group.name())),
        key_proof: taken.proof(),
        broke_off: broke_off.map(cause),
    }
}

fn shown(facts: ConnectionFacts, certificates: &[CertificateDer<'static>]) -> Vec<Found> {
    let mut all = vec![Found::whole(Object::Connection(facts))];
    for (index, der) in certificates.iter().enumerate() {
        let found = document::read(der, None)
            .unwrap_or_else(|defect| vec![Found::whole(Object::Damaged(defect))]);
        all.extend(
            found
                .into_iter()
                .map(|found| found.within(Step::Sent(index + 1))),
        );
    }
    all
}

/// The first address that answers.
fn connect(endpoint: &Endpoint, deadline: Instant) -> io::Result<TcpStream> {
    let addresses: Vec<_> = match endpoint.host.parse::<IpAddr>() {
        Ok(address) => vec![(address, endpoint.port).into()],
        Err(_) => (endpoint.host.as_str(), endpoint.port)
            .to_socket_addrs()?
            .collect(),
    };
    let mut last = io::Error::new(ErrorKind::NotFound, "the name has no address");
    for address in addresses {
        match left(deadline).and_then(|left| TcpStream::connect_timeout(&address, left)) {
            Ok(socket) => return Ok(socket),
            Err(error) => last = error,
        }
    }
    Err(last)
}

fn session(
    taken: &Arc<Taken>,
    name: ServerName<'static>,
) -> Result<ClientConnection, rustls::Error> {
    let config = ClientConfig::builder_with_provider(Arc::clone(&taken.provider))
        .with_safe_default_protocol_versions()?
        .dangerous()
        .with_custom_certificate_verifier(Arc::clone(taken) as Arc<dyn ServerCertVerifier>)
        .with_no_client_auth();
    ClientConnection::new(Arc::new(config), name)
}

/// Until it is through, fails, or takes longer than it may; a server that sends an octet a second wins nothing by it.
fn handshake(
    session: &mut ClientConnection,
    socket: &mut TcpStream,
    deadline: Instant,
) -> io::Result<()> {
    while session.is_handshaking() {
        let left = Some(left(deadline)?);
        socket.set_read_timeout(left)?;
        socket.set_write_timeout(left)?;
        if session.wants_write() {
            session.write_tls(socket)?;
        } else if session.read_tls(socket)? == 0 {
            return Err(io::Error::new(
                ErrorKind::UnexpectedEof,
                "the server closed the connection",
            ));
        }
        if let Err(error) = session.process_new_packets() {
            // The alert that says why we leave.
            let _ = session.write_tls(socket);
            return Err(io::Error::new(ErrorKind::InvalidData, error));
        }
    }
    Ok(())
}

/// The time that is left, or that there is none.
fn left(deadline: Instant) -> io::Result<Duration> {
    let left = deadline.saturating_duration_since(Instant::now());
    if left.is_zero() {
        Err(io::Error::new(ErrorKind::TimedOut, "it took too long"))
    } else {
        Ok(left)
    }
}

/// In words: a socket whose time is up says "Resource temporarily unavailable".
fn cause(error: &io::Error) -> String {
    match error.kind() {
        ErrorKind::TimedOut | ErrorKind::WouldBlock => "it took too long".to_owned(),
        _ => error.to_string(),
    }
}

fn hint(error: &io::Error) -> &'static str {
    match error.kind() {
        ErrorKind::TimedOut | ErrorKind::WouldBlock => "--timeout gives it more time",
        ErrorKind::InvalidData => {
            "is it a TLS server? TLS 1.2 and 1.3 are spoken here; some servers answer to the right --server-name only"
        }
        _ => "does it listen there, and can it be reached from here?",
    }
}

/// Takes every certificate and keeps it; whether the server has the key is noted, and does not matter either.
#[derive(Debug)]
struct Taken {
    provider: Arc<CryptoProvider>,
    certificates: Mutex<Vec<CertificateDer<'static>>>,
    proof: Mutex<SignatureCheck>,
}

impl Taken {
    fn new() -> Self {
        Self {
            provider: Arc::new(rustls::crypto::aws_lc_rs::default_provider()),
            certificates: Mutex::default(),
            proof: Mutex::new(SignatureCheck::Unsupported),
        }
    }

    fn certificates(&self) -> Vec<CertificateDer<'static>> {
        let certificates = self.certificates.lock();
        certificates.unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn proof(&self) -> SignatureCheck {
        *self.proof.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn note(
        &self,
        outcome: &Result<HandshakeSignatureValid, rustls::Error>,
    ) -> HandshakeSignatureValid {
        let proof = match outcome {
            Ok(_) => SignatureCheck::Good,
            Err(rustls::Error::InvalidCertificate(rustls::CertificateError::BadSignature)) => {
                SignatureCheck::Bad
            }
            Err(_) => SignatureCheck::Unsupported,
        };
        *self.proof.lock().unwrap_or_else(PoisonError::into_inner) = proof;
        HandshakeSignatureValid::assertion()
    }
}

impl ServerCertVerifier for Taken {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let sent = std::iter::once(end_entity).chain(intermediates);
        let mut certificates = self
            .certificates
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        *certificates = sent.map(|der| der.clone().into_owned()).collect();
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        Ok(self.note(&verify_tls12_signature(
            message,
            certificate,
            signature,
            algorithms,
        )))
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        Ok(self.note(&verify_tls13_signature(
            message,
            certificate,
            signature,
            algorithms,
        )))
    }

    /// The old ones too: a server that has nothing better is worth seeing.
    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        let mut schemes = self
            .provider
            .signature_verification_algorithms
            .supported_schemes();
        schemes.extend([
            SignatureScheme::RSA_PKCS1_SHA1,
            SignatureScheme::ECDSA_SHA1_Legacy,
        ]);
        schemes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Option<(String, u16)> {
        Endpoint::parse(Path::new(text)).map(|endpoint| (endpoint.host, endpoint.port))
    }

    #[test]
    fn knows_a_server_from_a_file() {
        for (text, host, port) in [
            ("example.org:443", "example.org", 443),
            ("10.0.0.1:6443", "10.0.0.1", 6443),
            ("[::1]:8443", "::1", 8443),
            ("https://example.org", "example.org", 443),
            ("https://[fd00::1]:6443/healthz", "fd00::1", 6443),
        ] {
            assert_eq!(parsed(text), Some((host.to_owned(), port)), "{text}");
        }
        for text in [
            "ca.crt",
            "-",
            "a/b:443",
            "::1",
            "::1:443",
            "host:",
            "host:99999",
            ":443",
            "C:x",
            "a b:1",
        ] {
            assert_eq!(parsed(text), None, "{text}");
        }
    }

    #[test]
    fn a_port_may_be_left_out() {
        let typed =
            |text: &str| Endpoint::with_default_port(text, 22).map(|endpoint| endpoint.to_string());
        for (text, meant) in [
            ("web1", "web1:22"),
            ("web1:2222", "web1:2222"),
            ("10.0.0.1", "10.0.0.1:22"),
            ("fd00::1", "[fd00::1]:22"),
            ("[fd00::1]", "[fd00::1]:22"),
            ("[fd00::1]:2222", "[fd00::1]:2222"),
        ] {
            assert_eq!(typed(text).as_deref(), Some(meant));
        }
        assert_eq!(typed("root@web1"), None);
        assert_eq!(typed("-oProxyCommand=x"), None);
        assert_eq!(typed("-l:22"), None);
        assert_eq!(typed(""), None);
    }
}
