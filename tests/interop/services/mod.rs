//! Servers and their clients meet with what `certs recreate` issued: what is declared right is accepted, what is declared wrong is
//! refused by the program that the declaration was for.

pub(crate) mod etcd;
mod nats;
mod nginx;
mod openssl;
pub(crate) mod site;

use libtest_mimic::Trial;

pub(crate) fn trials() -> Vec<Trial> {
    [
        etcd::trials(),
        nats::trials(),
        nginx::trials(),
        openssl::trials(),
    ]
    .into_iter()
    .flatten()
    .collect()
}
