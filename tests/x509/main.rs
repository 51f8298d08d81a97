//! Keys and certificates through the public interface: what is declared is issued and read back, what is hostile is refused.

mod hostile;
mod inspect;
mod issue;
mod support;
