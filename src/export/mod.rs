//! What is known, in the form other programs want: the inventory, the agenix rules, kubeconfigs, PKCS#12, Kubernetes resources.

pub mod alerts;
pub mod bootstrap;
pub mod bundle;
pub mod certificate;
pub mod chain;
pub mod index;
pub mod issuer;
pub mod kubeconfig;
pub mod node;
pub mod resource;
pub mod secret;
