//! What is known, in the form other programs want: the inventory, the agenix rules, kubeconfigs.

pub mod index;
pub mod kubeconfig;
