//! Asks an SSH server for its host key, and believes it only with the proof: the signature over the key exchange, which
//! `ssh-keyscan` does not wait for. Speaks just enough of RFC 4253 and RFC 8731 (curve25519) to get there, and then leaves;
//! nobody logs in, and nothing is encrypted yet.

use std::io::{self, ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use aws_lc_rs::agreement::{EphemeralPrivateKey, UnparsedPublicKey, X25519, agree_ephemeral};
use aws_lc_rs::rand::{self, SystemRandom};
use aws_lc_rs::signature;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use sha2::{Digest as _, Sha256};

use super::dial::{self, Endpoint};
use super::error::CliError;

/// RFC 4253 §4.2: what we are, and nothing of what we run on.
const OUR_VERSION: &str = "SSH-2.0-certs";
/// RFC 8709: the only kind of host key that age seals to and that every server of today has.
const HOST_KEY: &str = "ssh-ed25519";
/// RFC 8731, under its name and the one it had before.
const EXCHANGES: [&str; 2] = ["curve25519-sha256", "curve25519-sha256@libssh.org"];
/// Never used, but a server that has none of ours breaks off before it shows its key.
const CIPHERS: &str = "chacha20-poly1305@openssh.com,aes128-gcm@openssh.com,aes256-gcm@openssh.com,aes128-ctr,aes256-ctr";
const MACS: &str = "hmac-sha2-256-etm@openssh.com,hmac-sha2-512-etm@openssh.com,hmac-sha2-256,hmac-sha2-512,hmac-sha1";
const COMPRESSIONS: &str = "none";

/// RFC 4253 §6.1: every implementation takes packets of this size; no part of an exchange is larger.
const LARGEST_PACKET: usize = 35_000;
/// RFC 4253 §4.2 lets a server say other things before its version.
const MOST_LINES: usize = 64;
const LONGEST_LINE: usize = 1024;
/// Packets that mean nothing (ignore, debug) before the one that is waited for.
const MOST_IDLE: usize = 16;

const DISCONNECT: u8 = 1;
const IGNORE: u8 = 2;
const DEBUG: u8 = 4;
const KEXINIT: u8 = 20;
const ECDH_INIT: u8 = 30;
const ECDH_REPLY: u8 = 31;

/// A host key that the server proved to have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct HostKey {
    /// `ssh-ed25519 AAAA…`, as in a `.pub` file.
    pub line: String,
    /// What the server says it is, like `SSH-2.0-OpenSSH_10.0`.
    pub software: String,
}

/// The Ed25519 host key of a server.
pub(crate) fn host_key(endpoint: &Endpoint, timeout: Duration) -> Result<HostKey, CliError> {
    let deadline = Instant::now() + timeout;
    let asked = dial::connect(endpoint, deadline).and_then(|socket| {
        let mut stream = Timed { socket, deadline };
        exchange(&mut stream)
    });
    asked.map_err(said_plainly).map_err(|error| {
        CliError::new(format!("cannot get the SSH host key of {endpoint}"))
            .cause(error.to_string())
            .hint(hint(&error))
    })
}

/// What a reader says of a stream that ends is about the reader.
fn said_plainly(error: io::Error) -> io::Error {
    match error.kind() {
        ErrorKind::UnexpectedEof => io::Error::new(
            ErrorKind::InvalidData,
            "it closed the connection before it showed a key",
        ),
        _ => error,
    }
}

fn hint(error: &io::Error) -> &'static str {
    match error.kind() {
        ErrorKind::TimedOut | ErrorKind::WouldBlock => "--timeout gives it more time",
        ErrorKind::Unsupported => {
            "`ssh-keygen -A` on the host makes the keys that are missing; `ssh-keyscan` shows what it has"
        }
        ErrorKind::PermissionDenied => {
            "an attacker may be between you and the host: compare with /etc/ssh/ssh_host_ed25519_key.pub there"
        }
        ErrorKind::InvalidData => "is it an SSH server?",
        _ => "does it listen there, and can it be reached from here?",
    }
}

/// A socket that gives up in time, however slowly the other side speaks.
struct Timed {
    socket: TcpStream,
    deadline: Instant,
}

impl Read for Timed {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.socket
            .set_read_timeout(Some(dial::left(self.deadline)?))?;
        self.socket.read(buffer)
    }
}

impl Write for Timed {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.socket
            .set_write_timeout(Some(dial::left(self.deadline)?))?;
        self.socket.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.socket.flush()
    }
}

/// From the first line to the proof.
fn exchange(stream: &mut (impl Read + Write)) -> io::Result<HostKey> {
    stream.write_all(format!("{OUR_VERSION}\r\n").as_bytes())?;
    let their_version = read_version(stream)?;
    let ours = our_kexinit()?;
    write_packet(stream, &ours)?;
    let theirs = read_packet(stream, KEXINIT)?;
    let offer = Offer::read(&theirs).ok_or_else(|| garbled("its offer of algorithms"))?;
    offer.suits()?;
    if offer.guessed_wrong() {
        // RFC 4253 §7: what was sent on a wrong guess is to be passed over.
        read_any(stream)?;
    }

    let secret =
        EphemeralPrivateKey::generate(&X25519, &SystemRandom::new()).map_err(|_| no_random())?;
    let public = secret.compute_public_key().map_err(|_| no_random())?;
    let public = public.as_ref();
    let mut init = vec![ECDH_INIT];
    put(&mut init, public);
    write_packet(stream, &init)?;
    let reply = read_packet(stream, ECDH_REPLY)?;
    let reply = Reply::read(&reply).ok_or_else(|| garbled("its answer to the key exchange"))?;

    let peer = UnparsedPublicKey::new(&X25519, reply.public);
    let hash = agree_ephemeral(secret, peer, garbled("its share of the key"), |shared| {
        let mut text = Vec::new();
        for part in [
            OUR_VERSION.as_bytes(),
            their_version.as_bytes(),
            &ours,
            &theirs,
            reply.host_key,
            public,
            reply.public,
            &positive(shared),
        ] {
            put(&mut text, part);
        }
        Ok(Sha256::digest(&text))
    })?;
    reply.prove(&hash)?;
    Ok(HostKey {
        line: format!("{HOST_KEY} {}", BASE64_STANDARD.encode(reply.host_key)),
        software: their_version,
    })
}

/// What a server can do, as far as it matters here.
struct Offer<'a> {
    exchanges: Vec<&'a str>,
    host_keys: Vec<&'a str>,
    guesses: bool,
}

impl<'a> Offer<'a> {
    /// RFC 4253 §7.1: type, cookie, ten lists of names, whether a guess follows.
    fn read(mut payload: &'a [u8]) -> Option<Self> {
        payload = payload.get(1 + 16..)?;
        let mut lists = Vec::new();
        for _ in 0..10 {
            let names = std::str::from_utf8(take(&mut payload)?).ok()?;
            lists.push(names.split(',').collect::<Vec<_>>());
        }
        let guesses = *payload.first()? != 0;
        let mut lists = lists.into_iter();
        Some(Self {
            exchanges: lists.next()?,
            host_keys: lists.next()?,
            guesses,
        })
    }

    fn suits(&self) -> io::Result<()> {
        let unsupported = |what: &str, offered: &[&str]| {
            let said = format!("it has no {what}, only {}", offered.join(", "));
            Err(io::Error::new(ErrorKind::Unsupported, said))
        };
        if !self.host_keys.contains(&HOST_KEY) {
            return unsupported("Ed25519 host key", &self.host_keys);
        }
        if !EXCHANGES.iter().any(|name| self.exchanges.contains(name)) {
            return unsupported("key exchange with curve25519", &self.exchanges);
        }
        Ok(())
    }

    fn guessed_wrong(&self) -> bool {
        let [ours, _] = EXCHANGES;
        let is_right =
            self.exchanges.first() == Some(&ours) && self.host_keys.first() == Some(&HOST_KEY);
        self.guesses && !is_right
    }
}

/// The answer of the server: RFC 5656 §4.
struct Reply<'a> {
    host_key: &'a [u8],
    public: &'a [u8],
    signature: &'a [u8],
}

impl<'a> Reply<'a> {
    fn read(payload: &'a [u8]) -> Option<Self> {
        let mut rest = payload.get(1..)?;
        Some(Self {
            host_key: take(&mut rest)?,
            public: take(&mut rest)?,
            signature: take(&mut rest)?,
        })
    }

    /// Whoever answered has the private key, or nobody is believed.
    fn prove(&self, hash: &[u8]) -> io::Result<()> {
        let key = labelled(self.host_key).filter(|key| key.len() == 32);
        let key = key.ok_or_else(|| garbled("its host key"))?;
        let signed = labelled(self.signature).ok_or_else(|| garbled("its signature"))?;
        signature::UnparsedPublicKey::new(&signature::ED25519, key)
            .verify(hash, signed)
            .map_err(|_| {
                io::Error::new(
                    ErrorKind::PermissionDenied,
                    "it could not prove that it has the private key of the host key it showed",
                )
            })
    }
}

/// RFC 8709 §4 and §6: the name of the algorithm, then its bytes, and nothing behind.
fn labelled(mut blob: &[u8]) -> Option<&[u8]> {
    let name = take(&mut blob)?;
    let bytes = take(&mut blob)?;
    (name == HOST_KEY.as_bytes() && blob.is_empty()).then_some(bytes)
}

fn our_kexinit() -> io::Result<Vec<u8>> {
    let mut cookie = [0; 16];
    rand::fill(&mut cookie).map_err(|_| no_random())?;
    let mut payload = vec![KEXINIT];
    payload.extend_from_slice(&cookie);
    let exchanges = EXCHANGES.join(",");
    let lists = [
        exchanges.as_str(),
        HOST_KEY,
        CIPHERS,
        CIPHERS,
        MACS,
        MACS,
        COMPRESSIONS,
        COMPRESSIONS,
        "",
        "",
    ];
    for list in lists {
        put(&mut payload, list.as_bytes());
    }
    // No guess follows, and four bytes that are reserved.
    payload.extend_from_slice(&[0; 5]);
    Ok(payload)
}

/// The first line that is a version.
fn read_version(stream: &mut impl Read) -> io::Result<String> {
    for _ in 0..MOST_LINES {
        let line = read_line(stream)?;
        if line.starts_with("SSH-2.0-") || line.starts_with("SSH-1.99-") {
            return Ok(line);
        }
        if line.starts_with("SSH-") {
            let said = format!("it speaks {line}, and only version 2 proves anything");
            return Err(io::Error::new(ErrorKind::Unsupported, said));
        }
    }
    Err(garbled("its first lines"))
}

/// Byte by byte, because packets begin right behind it.
fn read_line(stream: &mut impl Read) -> io::Result<String> {
    let mut line = Vec::new();
    let mut byte = [0];
    while line.len() <= LONGEST_LINE {
        stream.read_exact(&mut byte)?;
        let [byte] = byte;
        if byte == b'\n' {
            if line.last() == Some(&b'\r') {
                line.pop();
            }
            return String::from_utf8(line).map_err(|_| garbled("its first lines"));
        }
        line.push(byte);
    }
    Err(garbled("its first lines"))
}

/// RFC 4253 §6, before there is a cipher: in blocks of eight, with at least four bytes of padding.
fn write_packet(stream: &mut impl Write, payload: &[u8]) -> io::Result<()> {
    let padding = 8 - (payload.len() + 5) % 8;
    let padding = if padding < 4 { padding + 8 } else { padding };
    let too_large = |_| io::Error::from(ErrorKind::InvalidInput);
    let length = u32::try_from(payload.len() + padding + 1).map_err(too_large)?;
    let mut packet = length.to_be_bytes().to_vec();
    packet.push(u8::try_from(padding).map_err(too_large)?);
    packet.extend_from_slice(payload);
    packet.resize(packet.len() + padding, 0);
    stream.write_all(&packet)
}

/// The next packet that means something, which has to be of this kind.
fn read_packet(stream: &mut impl Read, wanted: u8) -> io::Result<Vec<u8>> {
    for _ in 0..MOST_IDLE {
        let payload = read_any(stream)?;
        match payload.first() {
            Some(&kind) if kind == wanted => return Ok(payload),
            Some(&(IGNORE | DEBUG)) => {}
            Some(&DISCONNECT) => return Err(disconnected(&payload)),
            _ => return Err(garbled("the order of its packets")),
        }
    }
    Err(garbled("its packets, which mean nothing"))
}

fn read_any(stream: &mut impl Read) -> io::Result<Vec<u8>> {
    let mut length = [0; 4];
    stream.read_exact(&mut length)?;
    let length = usize::try_from(u32::from_be_bytes(length)).unwrap_or(usize::MAX);
    if !(5..=LARGEST_PACKET).contains(&length) {
        return Err(garbled("the length of a packet"));
    }
    let mut packet = vec![0; length];
    stream.read_exact(&mut packet)?;
    let padding = packet.first().map_or(0, |padding| usize::from(*padding));
    let payload = length
        .checked_sub(padding)
        .and_then(|end| packet.get(1..end));
    payload
        .map(<[u8]>::to_vec)
        .ok_or_else(|| garbled("the padding of a packet"))
}

/// RFC 4253 §11.1: type, reason, words.
fn disconnected(payload: &[u8]) -> io::Error {
    let mut rest = payload.get(5..).unwrap_or_default();
    let words = take(&mut rest).map(|words| String::from_utf8_lossy(words).into_owned());
    let said = format!("it broke off: {}", words.unwrap_or_default());
    io::Error::new(ErrorKind::ConnectionAborted, said)
}

fn garbled(what: &str) -> io::Error {
    io::Error::new(ErrorKind::InvalidData, format!("{what} cannot be read"))
}

fn no_random() -> io::Error {
    io::Error::other("the random source failed")
}

/// RFC 4251 §5: a number is written without leading zeros, and with one where its highest bit is set.
fn positive(number: &[u8]) -> Vec<u8> {
    let start = number.iter().position(|byte| *byte != 0);
    let digits = start
        .and_then(|start| number.get(start..))
        .unwrap_or_default();
    let sign: &[u8] = if digits.first().is_some_and(|first| *first >= 0x80) {
        &[0]
    } else {
        &[]
    };
    [sign, digits].concat()
}

fn put(wire: &mut Vec<u8>, part: &[u8]) {
    wire.extend(u32::try_from(part.len()).unwrap_or(u32::MAX).to_be_bytes());
    wire.extend_from_slice(part);
}

fn take<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let (length, behind) = rest.split_first_chunk::<4>()?;
    let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
    let (part, behind) = behind.split_at_checked(length)?;
    *rest = behind;
    Some(part)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_packet_reads_back_whatever_its_length() {
        for length in 1..40 {
            let payload = vec![KEXINIT; length];
            let mut wire = Vec::new();
            write_packet(&mut wire, &payload).unwrap();
            assert_eq!(wire.len() % 8, 0);
            assert_eq!(read_packet(&mut wire.as_slice(), KEXINIT).unwrap(), payload);
        }
    }

    #[test]
    fn what_is_no_packet_is_refused_before_it_is_read() {
        for wire in [
            &[0xff, 0xff, 0xff, 0xff, 0][..],
            &[0, 0, 0, 1, 0],
            &[0, 0, 0, 8, 9, 20, 0, 0, 0, 0, 0, 0],
        ] {
            let error = read_packet(&mut &*wire, KEXINIT).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidData, "{wire:?}");
        }
    }

    #[test]
    fn words_before_the_version_are_passed_over_and_do_not_go_on_for_ever() {
        let mut lines = &b"welcome\r\nSSH-2.0-x y\r\nrest"[..];
        assert_eq!(read_version(&mut lines).unwrap(), "SSH-2.0-x y");
        assert_eq!(lines, b"rest");
        let endless = "x\n".repeat(MOST_LINES + 1);
        assert!(read_version(&mut endless.as_bytes()).is_err());
        assert!(read_version(&mut &[b'x'; LONGEST_LINE + 2][..]).is_err());
        let old = read_version(&mut &b"SSH-1.5-x\n"[..]).unwrap_err();
        assert_eq!(old.kind(), ErrorKind::Unsupported);
    }

    #[test]
    fn a_server_without_what_is_needed_is_told_from_a_broken_one() {
        let payload = our_kexinit().unwrap();
        assert!(Offer::read(&payload).unwrap().suits().is_ok());
        let text = String::from_utf8_lossy(&payload).into_owned();
        assert!(text.contains("curve25519-sha256,"));
        let other = Offer {
            exchanges: EXCHANGES.to_vec(),
            host_keys: vec!["rsa-sha2-512"],
            guesses: true,
        };
        let error = other.suits().unwrap_err();
        assert_eq!(
            error.to_string(),
            "it has no Ed25519 host key, only rsa-sha2-512"
        );
        assert!(other.guessed_wrong());
        assert!(Offer::read(&payload[..40]).is_none());
    }

    #[test]
    fn numbers_are_positive_and_short() {
        assert_eq!(positive(&[0, 0, 1]), [1]);
        assert_eq!(positive(&[0x80]), [0, 0x80]);
        assert_eq!(positive(&[0, 0]), [] as [u8; 0]);
    }

    #[test]
    fn bytes_of_any_kind_end_in_an_error() {
        let mut bytes = Vec::new();
        for seed in 0..2000_u32 {
            bytes.extend_from_slice(&Sha256::digest(seed.to_be_bytes()));
            let start = bytes.len().saturating_sub(64);
            let piece = &bytes[start..];
            let _ = Offer::read(piece);
            let _ = Reply::read(piece).map(|reply| reply.prove(&[0; 32]));
            assert!(read_packet(&mut &*piece, KEXINIT).is_err());
        }
    }
}
