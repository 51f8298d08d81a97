//! Every object identifier, once.

// Attributes of a name.
pub(crate) const COMMON_NAME: &str = "2.5.4.3";
pub(crate) const SURNAME: &str = "2.5.4.4";
pub(crate) const SERIAL_NUMBER: &str = "2.5.4.5";
pub(crate) const COUNTRY: &str = "2.5.4.6";
pub(crate) const LOCALITY: &str = "2.5.4.7";
pub(crate) const STATE: &str = "2.5.4.8";
pub(crate) const STREET: &str = "2.5.4.9";
pub(crate) const ORGANIZATION: &str = "2.5.4.10";
pub(crate) const ORGANIZATIONAL_UNIT: &str = "2.5.4.11";
pub(crate) const TITLE: &str = "2.5.4.12";
pub(crate) const POSTAL_CODE: &str = "2.5.4.17";
pub(crate) const GIVEN_NAME: &str = "2.5.4.42";
pub(crate) const USER_ID: &str = "0.9.2342.19200300.100.1.1";
pub(crate) const DOMAIN_COMPONENT: &str = "0.9.2342.19200300.100.1.25";
pub(crate) const EMAIL_ADDRESS: &str = "1.2.840.113549.1.9.1";

// Extensions of certificates, requests and CRLs.
pub(crate) const SUBJECT_DIRECTORY_ATTRIBUTES: &str = "2.5.29.9";
pub(crate) const SUBJECT_KEY_ID: &str = "2.5.29.14";
pub(crate) const KEY_USAGE: &str = "2.5.29.15";
pub(crate) const PRIVATE_KEY_USAGE_PERIOD: &str = "2.5.29.16";
pub(crate) const SUBJECT_ALT_NAME: &str = "2.5.29.17";
pub(crate) const ISSUER_ALT_NAME: &str = "2.5.29.18";
pub(crate) const BASIC_CONSTRAINTS: &str = "2.5.29.19";
pub(crate) const CRL_NUMBER: &str = "2.5.29.20";
pub(crate) const REASON_CODE: &str = "2.5.29.21";
pub(crate) const INVALIDITY_DATE: &str = "2.5.29.24";
pub(crate) const DELTA_CRL_INDICATOR: &str = "2.5.29.27";
pub(crate) const ISSUING_DISTRIBUTION_POINT: &str = "2.5.29.28";
pub(crate) const CERTIFICATE_ISSUER: &str = "2.5.29.29";
pub(crate) const NAME_CONSTRAINTS: &str = "2.5.29.30";
pub(crate) const CRL_DISTRIBUTION_POINTS: &str = "2.5.29.31";
pub(crate) const CERTIFICATE_POLICIES: &str = "2.5.29.32";
pub(crate) const POLICY_MAPPINGS: &str = "2.5.29.33";
pub(crate) const AUTHORITY_KEY_ID: &str = "2.5.29.35";
pub(crate) const POLICY_CONSTRAINTS: &str = "2.5.29.36";
pub(crate) const EXTENDED_KEY_USAGE: &str = "2.5.29.37";
pub(crate) const FRESHEST_CRL: &str = "2.5.29.46";
pub(crate) const INHIBIT_ANY_POLICY: &str = "2.5.29.54";
pub(crate) const AUTHORITY_INFORMATION_ACCESS: &str = "1.3.6.1.5.5.7.1.1";
pub(crate) const QUALIFIED_CERTIFICATE_STATEMENTS: &str = "1.3.6.1.5.5.7.1.3";
pub(crate) const SUBJECT_INFORMATION_ACCESS: &str = "1.3.6.1.5.5.7.1.11";
pub(crate) const TLS_FEATURE: &str = "1.3.6.1.5.5.7.1.24";
pub(crate) const SIGNED_CERTIFICATE_TIMESTAMPS: &str = "1.3.6.1.4.1.11129.2.4.2";
pub(crate) const CERTIFICATE_TRANSPARENCY_POISON: &str = "1.3.6.1.4.1.11129.2.4.3";
pub(crate) const MICROSOFT_TEMPLATE_NAME: &str = "1.3.6.1.4.1.311.20.2";
pub(crate) const MICROSOFT_CA_VERSION: &str = "1.3.6.1.4.1.311.21.1";
pub(crate) const MICROSOFT_CERTIFICATE_TEMPLATE: &str = "1.3.6.1.4.1.311.21.7";
pub(crate) const MICROSOFT_APPLICATION_POLICIES: &str = "1.3.6.1.4.1.311.21.10";
pub(crate) const STEP_PROVISIONER: &str = "1.3.6.1.4.1.37476.9000.64.1";
pub(crate) const NETSCAPE_CERTIFICATE_TYPE: &str = "2.16.840.1.113730.1.1";
pub(crate) const NETSCAPE_COMMENT: &str = "2.16.840.1.113730.1.13";
pub(crate) const EXTENSION_REQUEST: &str = "1.2.840.113549.1.9.14";

// Certificate policies.
pub(crate) const ANY_POLICY: &str = "2.5.29.32.0";
pub(crate) const EXTENDED_VALIDATION: &str = "2.23.140.1.1";
pub(crate) const DOMAIN_VALIDATED: &str = "2.23.140.1.2.1";
pub(crate) const ORGANISATION_VALIDATED: &str = "2.23.140.1.2.2";
pub(crate) const INDIVIDUAL_VALIDATED: &str = "2.23.140.1.2.3";
pub(crate) const PRACTICE_STATEMENT: &str = "1.3.6.1.5.5.7.2.1";

// Access methods.
pub(crate) const OCSP: &str = "1.3.6.1.5.5.7.48.1";
pub(crate) const OCSP_NO_CHECK: &str = "1.3.6.1.5.5.7.48.1.5";
pub(crate) const CA_ISSUERS: &str = "1.3.6.1.5.5.7.48.2";
pub(crate) const TIME_STAMPING_ACCESS: &str = "1.3.6.1.5.5.7.48.3";
pub(crate) const CA_REPOSITORY: &str = "1.3.6.1.5.5.7.48.5";

// Extended key usages.
pub(crate) const ANY_EXTENDED_KEY_USAGE: &str = "2.5.29.37.0";
pub(crate) const SERVER_AUTH: &str = "1.3.6.1.5.5.7.3.1";
pub(crate) const CLIENT_AUTH: &str = "1.3.6.1.5.5.7.3.2";
pub(crate) const CODE_SIGNING: &str = "1.3.6.1.5.5.7.3.3";
pub(crate) const EMAIL_PROTECTION: &str = "1.3.6.1.5.5.7.3.4";
pub(crate) const IPSEC_END_SYSTEM: &str = "1.3.6.1.5.5.7.3.5";
pub(crate) const IPSEC_TUNNEL: &str = "1.3.6.1.5.5.7.3.6";
pub(crate) const IPSEC_USER: &str = "1.3.6.1.5.5.7.3.7";
pub(crate) const TIME_STAMPING: &str = "1.3.6.1.5.5.7.3.8";
pub(crate) const OCSP_SIGNING: &str = "1.3.6.1.5.5.7.3.9";
pub(crate) const MICROSOFT_SERVER_GATED_CRYPTO: &str = "1.3.6.1.4.1.311.10.3.3";
pub(crate) const NETSCAPE_SERVER_GATED_CRYPTO: &str = "2.16.840.1.113730.4.1";

// Keys and curves.
pub(crate) const RSA: &str = "1.2.840.113549.1.1.1";
pub(crate) const RSASSA_PSS: &str = "1.2.840.113549.1.1.10";
pub(crate) const DSA: &str = "1.2.840.10040.4.1";
pub(crate) const EC_PUBLIC_KEY: &str = "1.2.840.10045.2.1";
pub(crate) const P192: &str = "1.2.840.10045.3.1.1";
pub(crate) const P224: &str = "1.3.132.0.33";
pub(crate) const P256: &str = "1.2.840.10045.3.1.7";
pub(crate) const P384: &str = "1.3.132.0.34";
pub(crate) const P521: &str = "1.3.132.0.35";
pub(crate) const SECP256K1: &str = "1.3.132.0.10";
pub(crate) const BRAINPOOL_P256: &str = "1.3.36.3.3.2.8.1.1.7";
pub(crate) const X25519: &str = "1.3.101.110";
pub(crate) const X448: &str = "1.3.101.111";
pub(crate) const ED25519: &str = "1.3.101.112";
pub(crate) const ED448: &str = "1.3.101.113";

// Signatures.
pub(crate) const MD2_WITH_RSA: &str = "1.2.840.113549.1.1.2";
pub(crate) const MD5_WITH_RSA: &str = "1.2.840.113549.1.1.4";
pub(crate) const SHA1_WITH_RSA: &str = "1.2.840.113549.1.1.5";
pub(crate) const SHA256_WITH_RSA: &str = "1.2.840.113549.1.1.11";
pub(crate) const SHA384_WITH_RSA: &str = "1.2.840.113549.1.1.12";
pub(crate) const SHA512_WITH_RSA: &str = "1.2.840.113549.1.1.13";
pub(crate) const DSA_WITH_SHA1: &str = "1.2.840.10040.4.3";
pub(crate) const ECDSA_WITH_SHA1: &str = "1.2.840.10045.4.1";
pub(crate) const ECDSA_WITH_SHA256: &str = "1.2.840.10045.4.3.2";
pub(crate) const ECDSA_WITH_SHA384: &str = "1.2.840.10045.4.3.3";
pub(crate) const ECDSA_WITH_SHA512: &str = "1.2.840.10045.4.3.4";

// Digests and their HMAC.
pub(crate) const SHA1: &str = "1.3.14.3.2.26";
pub(crate) const SHA256: &str = "2.16.840.1.101.3.4.2.1";
pub(crate) const SHA384: &str = "2.16.840.1.101.3.4.2.2";
pub(crate) const SHA512: &str = "2.16.840.1.101.3.4.2.3";
pub(crate) const SHA224: &str = "2.16.840.1.101.3.4.2.4";
pub(crate) const HMAC_SHA1: &str = "1.2.840.113549.2.7";
pub(crate) const HMAC_SHA224: &str = "1.2.840.113549.2.8";
pub(crate) const HMAC_SHA256: &str = "1.2.840.113549.2.9";
pub(crate) const HMAC_SHA384: &str = "1.2.840.113549.2.10";
pub(crate) const HMAC_SHA512: &str = "1.2.840.113549.2.11";

// Encryption with a passphrase.
pub(crate) const PBE_MD2_DES: &str = "1.2.840.113549.1.5.1";
pub(crate) const PBE_MD5_DES: &str = "1.2.840.113549.1.5.3";
pub(crate) const PBE_MD2_RC2: &str = "1.2.840.113549.1.5.4";
pub(crate) const PBE_MD5_RC2: &str = "1.2.840.113549.1.5.6";
pub(crate) const PBE_SHA1_DES: &str = "1.2.840.113549.1.5.10";
pub(crate) const PBE_SHA1_RC2: &str = "1.2.840.113549.1.5.11";
pub(crate) const PBKDF2: &str = "1.2.840.113549.1.5.12";
pub(crate) const PBES2: &str = "1.2.840.113549.1.5.13";
pub(crate) const PBMAC1: &str = "1.2.840.113549.1.5.14";
pub(crate) const PBE_SHA1_RC4_128: &str = "1.2.840.113549.1.12.1.1";
pub(crate) const PBE_SHA1_RC4_40: &str = "1.2.840.113549.1.12.1.2";
pub(crate) const PBE_SHA1_3DES: &str = "1.2.840.113549.1.12.1.3";
pub(crate) const PBE_SHA1_2DES: &str = "1.2.840.113549.1.12.1.4";
pub(crate) const PBE_SHA1_RC2_128: &str = "1.2.840.113549.1.12.1.5";
pub(crate) const PBE_SHA1_RC2_40: &str = "1.2.840.113549.1.12.1.6";
pub(crate) const AES_128_CBC: &str = "2.16.840.1.101.3.4.1.2";
pub(crate) const AES_192_CBC: &str = "2.16.840.1.101.3.4.1.22";
pub(crate) const AES_256_CBC: &str = "2.16.840.1.101.3.4.1.42";
pub(crate) const TRIPLE_DES_CBC: &str = "1.2.840.113549.3.7";

// PKCS#12.
pub(crate) const DATA: &str = "1.2.840.113549.1.7.1";
pub(crate) const ENCRYPTED_DATA: &str = "1.2.840.113549.1.7.6";
pub(crate) const FRIENDLY_NAME: &str = "1.2.840.113549.1.9.20";
pub(crate) const LOCAL_KEY_ID: &str = "1.2.840.113549.1.9.21";
pub(crate) const X509_CERTIFICATE: &str = "1.2.840.113549.1.9.22.1";
pub(crate) const X509_CRL: &str = "1.2.840.113549.1.9.23.1";
pub(crate) const KEY_BAG: &str = "1.2.840.113549.1.12.10.1.1";
pub(crate) const SHROUDED_KEY_BAG: &str = "1.2.840.113549.1.12.10.1.2";
pub(crate) const CERT_BAG: &str = "1.2.840.113549.1.12.10.1.3";
pub(crate) const CRL_BAG: &str = "1.2.840.113549.1.12.10.1.4";
pub(crate) const SECRET_BAG: &str = "1.2.840.113549.1.12.10.1.5";
pub(crate) const SAFE_CONTENTS_BAG: &str = "1.2.840.113549.1.12.10.1.6";
/// Of Oracle: Java takes a certificate with it as a trust anchor.
pub(crate) const TRUSTED_KEY_USAGE: &str = "2.16.840.1.113894.746875.1.1";
